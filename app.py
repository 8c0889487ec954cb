"""The browser entry: page config, navigation, choice of workspace."""

from ui import links, shell

shell.configure()
page = links.navigation()
shell.sidebar()
shell.draw(page)
