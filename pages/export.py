import streamlit as st

from ui import exports, session
from workspace.exports import exports as bundles

st.title("Export")
st.caption(
    "JSON Lines by split, with a manifest and a certificate. Every line says where its label comes from."
)
opened = session.require_workspace()
session.require_step(opened, "split")
exports.form(opened)
with st.expander("How each task is asked"):
    exports.templates(opened)
st.subheader("Preview")
exports.examples(opened)
with st.expander("Out of the workspace"):
    exports.outside(opened)
st.subheader("Exports")
found = bundles(opened)
if not found:
    st.info("Nothing has been exported yet.")
for bundle in found:
    exports.bundle(opened, bundle)
