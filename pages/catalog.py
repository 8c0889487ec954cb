import streamlit as st

from charts.tree import treemap
from ui import product, reads, safe, session, tables, taxonomy
from workspace.review.queue import card
from workspace.views.catalog import CatalogFilter, catalog_page, found_rows, page_count

st.title("Catalog")
opened = session.require_workspace()
loaded = session.require_step(opened, "load")
nodes = reads.category_nodes(opened, loaded)
records, categories, quarantine = st.tabs(
    ["Records", "Categories", "Quarantine"], on_change="rerun", key="catalog_view"
)

if records.open:
    with records:
        text, category, brand, check = st.columns([3, 3, 2, 2])
        wanted = CatalogFilter(
            text.text_input(
                "Search title, brand, id",
                key="search",
                type="search",
                live=True,
                bind="query-params",
            ),
            category.selectbox(
                "Category",
                [node[0] for node in nodes],
                index=None,
                key="category",
                placeholder="all",
                bind="query-params",
            ),
            brand.selectbox(
                "Brand",
                reads.brands(opened, loaded),
                index=None,
                key="brand",
                placeholder="all",
                bind="query-params",
            ),
            check.selectbox(
                "Check",
                reads.checks_found(opened),
                index=None,
                key="check",
                placeholder="all",
                format_func=tables.words,
                bind="query-params",
            ),
        )
        table, pages = st.container(), st.container()
        found = reads.view(opened, ("load", "check"), found_rows, wanted)
        number = pages.pagination(page_count(opened, found), key="catalog.page")
        page = catalog_page(opened, found, number)
        table.caption(f"{page.n_found:,} records" if page.n_found else "No record is like that.")
        picked = tables.show(
            page.rows,
            place=table,
            key="catalog.rows",
            on_select="rerun",
            selection_mode="single-row",
            column_config={"price": st.column_config.NumberColumn(format="%.2f")},
        )
        for row in picked.selection.rows:
            with st.container(border=True):
                product.show(card(opened, page.rows["record_id"][row]))

if categories.open:
    with categories:
        st.plotly_chart(treemap(nodes), alt="Categories by number of records")
        taxonomy.browser(opened, loaded)
        taxonomy.wrong_paths(opened, loaded)
        taxonomy.another(opened, loaded)

if quarantine.open:
    with quarantine:
        lines = reads.table(opened, "load", loaded, "quarantine", 200)
        st.caption(f"{reads.figures(opened, 'load')['n_quarantined']:,} rows could not be read.")
        if lines.height:
            tables.show(lines, column_config={"raw": st.column_config.TextColumn(width="large")})
            st.caption(safe.markdown("Nothing of them is lost: right the file and load again."))
