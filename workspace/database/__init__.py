"""What people say and what money was spent on: SQLAlchemy over SQLite or PostgreSQL."""
