import streamlit as st

from charts.tree import treemap
from ui import product, reads, safe, session, tables
from workspace.review.queue import card
from workspace.views.catalog import CatalogFilter, catalog_page

st.title("Catalog")
opened = session.require_workspace()
loaded = session.require_step(opened, "load")

nodes = reads.category_nodes(opened, loaded)
top = [node[0] for node in nodes]
text, category, brand, check = st.columns([3, 3, 2, 2])
checks = [
    c
    for c, n in reads.table(opened, "check", session.require_step(opened, "check"), "summary")
    .select("check", "n_rows")
    .iter_rows()
    if n
]
wanted = CatalogFilter(
    text.text_input(
        "Search title, brand, id", key="search", type="search", live=True, bind="query-params"
    ),
    category.selectbox(
        "Category", top, index=None, key="category", placeholder="all", bind="query-params"
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
        "Check", checks, index=None, key="check", placeholder="all", bind="query-params"
    ),
)
page_place = st.container()
n_pages = catalog_page(opened, wanted, 1, 1).n_found
number = st.pagination(max(1, -(-n_pages // 50)), key="catalog.page")
page = catalog_page(opened, wanted, number)
with page_place:
    st.caption(f"{page.n_found:,} records")
    picked = tables.show(
        page.rows,
        key="catalog.rows",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"price": st.column_config.NumberColumn(format="%.2f")},
    )
chosen = picked.selection.rows
if chosen:
    with st.container(border=True):
        product.show(card(opened, page.rows["record_id"][chosen[0]]))
with st.expander("Categories as a map", expanded=not chosen):
    st.plotly_chart(treemap(nodes), alt="Categories by number of records")
quarantined = reads.table(opened, "load", loaded, "quarantine", 200)
if quarantined.height:
    with st.expander(
        f"Quarantine: {reads.figures(opened, 'load')['n_quarantined']:,} rows that could not be read"
    ):
        tables.show(quarantined)
        st.caption(safe.markdown("Nothing of them is lost: right the file and load again."))
