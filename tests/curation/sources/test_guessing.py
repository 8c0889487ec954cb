"""Guessing the map of wide tables, as shops and suppliers send them."""

import polars as pl
import pytest

from curation.sources.column_contents import is_gtin
from curation.sources.columns import ColumnMap, guess_columns, overruled
from curation.sources.products import load_products
from curation.sources.settings import SourceSettings

N = 60


def gtin(number):
    """A GTIN-13 with its check digit: weights 1 and 3 from the left, to a multiple of ten."""
    digits = f"{400638100000 + number:012d}"
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(digits))
    return digits + str(-total % 10)


def wide():
    """46 columns of a supplier: camel case, prefixes, three levels, pictures, a few dead ones."""
    rows = range(N)
    colours, sizes = ["Red", "Blue", "Green"], ["S", "M", "L", "XL"]
    table = {
        "itemCode": [f"AC-{n:05d}" for n in rows],
        "productTitle": [f"Cotton shirt number {n} for summer" for n in rows],
        "product_long_description": [f"A fine shirt, the {n}th of its kind, made to last." for n in rows],
        "ProductBrand": [["Acme", "Bolt"][n % 2] for n in rows],
        "unit_price_eur_gross": [f"{10 + n}.50" for n in rows],
        "purchase_price": [f"{5 + n}.50" for n in rows],
        "old_price": [f"{12 + n}.50" for n in rows],
        "currencyCode": ["EUR"] * N,
        "categoryLevel1": ["Apparel"] * N,
        "categoryLevel2": [["Tops", "Bottoms"][n % 2] for n in rows],
        "categoryLevel3": [["Shirts", "Jeans", "Polos", "Shorts"][n % 4] for n in rows],
        "code_of_the_package": [gtin(n) for n in rows],
        "manufacturer_part_number": [f"MP{n}" for n in rows],
        "mainPictureUrl": [f"https://cdn.example.com/p/{n}.jpg" for n in rows],
        "additional_image_1": [f"https://cdn.example.com/p/{n}-1?size=l" for n in rows],
        "gallery": [f"https://cdn.example.com/p/{n}-2.webp?v=3" for n in rows],
        "deeplink": [f"https://shop.example.com/{n}" for n in rows],
        "attr_color": [colours[n % 3] for n in rows],
        "attr_fabric_weight": [["120 g", "180 g"][n % 2] for n in rows],
        "item_size": [sizes[n % 4] for n in rows],
        "Material": [["Cotton", "Linen"][n % 2] for n in rows],
        "sleeveLength": [["short", "long"][n % 2] for n in rows],
        "care": ["Wash cold"] * N,
        "pattern": [None] * N,
        "Attribute 1 name": ["Collar"] * N,
        "Attribute 1 value(s)": ["Button-down, Kent"] * N,
        "Attribute 1 visible": ["1"] * N,
        "tax_class": ["full"] * N,
        "empty_column": [""] * N,
        "warehouse_note": ["check"] + [None] * (N - 1),
        **{f"stock_{place}": [str((n * 7 + k) % 50) for n in rows] for k, place in enumerate("abcdefgh")},
        **{f"flag_{place}": ["no"] * N for place in "abcdefgh"},
    }  # fmt: skip
    return pl.DataFrame(table)


def test_the_map_of_46_columns_is_guessed():
    rows = wide()
    assert rows.width == 46
    found = guess_columns(rows.lazy())
    assert found.columns == ColumnMap(
        record_id="itemCode",
        title="productTitle",
        description="product_long_description",
        brand="ProductBrand",
        price="unit_price_eur_gross",
        currency="currencyCode",
        image_urls=["mainPictureUrl", "additional_image_1", "gallery"],
        category=["categoryLevel1", "categoryLevel2", "categoryLevel3"],
        identifiers={"mpn": ["manufacturer_part_number"], "gtin": ["code_of_the_package"]},
        attributes={
            "Color": "attr_color", "Fabric weight": "attr_fabric_weight", "Size": "item_size",
            "Material": "Material", "Sleeve length": "sleeveLength",
        },
        attribute_pairs={"Attribute 1 name": "Attribute 1 value(s)"},
    )  # fmt: skip


def test_every_choice_has_its_reason_and_five_real_values():
    found = guess_columns(wide().lazy())
    used = found.columns.used()
    assert used <= set(found.reasons)
    assert all(len(found.samples[column]) == 5 for column in used)
    assert found.reasons["code_of_the_package"] == "numbers with the check digit of a GTIN"
    assert found.reasons["gallery"] == "links to pictures"
    assert found.reasons["deeplink"] == "links"
    assert found.reasons["empty_column"] == "empty"
    assert found.reasons["care"] == "always 'Wash cold'"
    assert found.reasons["attr_color"] == "named as an attribute, 3 different values in 60 rows"
    assert found.reasons["Material"].startswith("named like an attribute of a product, 2 different")
    assert found.samples["warehouse_note"] == ["check"]


def test_a_nearly_empty_column_is_no_attribute():
    rows = pl.DataFrame({"title": [f"shirt number {n}" for n in range(300)],
                         "colour": ["Red", "Blue"] + [None] * 298})  # fmt: skip
    found = guess_columns(rows.lazy())
    assert found.columns.attributes == {}
    assert found.reasons["colour"] == "nearly empty, 2 of 300 rows"


@pytest.mark.parametrize(
    "names",
    [
        ("Artikelnummer", "Produktname", "Beschreibung", "Marke", "Preis", "Währung", "Kategorie", "Farbe", "Größe", "Bild-URL"),
        ("Référence", "Désignation", "Description", "Marque", "Prix TTC", "Devise", "Catégorie", "Couleur", "Taille", "Image"),
        ("Código", "Nombre del producto", "Descripción", "Marca", "Precio", "Moneda", "Categoría", "Color", "Talla", "Imagen"),
        ("Referencia", "Nome do Produto", "Descrição", "Fabricante", "Preço", "Moeda", "Categoria", "Cor", "Tamanho", "Imagem"),
    ],
    ids=["de", "fr", "es", "pt"],
)  # fmt: skip
def test_names_in_other_languages_are_known(names):
    values = [
        [f"A{n}" for n in range(30)], [f"Rotes Hemd {n} aus Wolle" for n in range(30)], ["Ein Text."] * 30,
        ["Acme", "Bolt"] * 15, ["1,50"] * 30, ["EUR"] * 30, ["A > B", "A > C"] * 15, ["x", "y"] * 15,
        ["s", "m"] * 15, ["https://x/1.jpg"] * 30,
    ]  # fmt: skip
    rows = pl.DataFrame(dict(zip(names, values, strict=True)))
    found = guess_columns(rows.lazy()).columns
    assert (
        found.record_id, found.title, found.description, found.brand, found.price, found.currency,
        found.category, *found.attributes.values(), found.image_urls,
    ) == (*names[:6], [names[6]], names[7], names[8], [names[9]])  # fmt: skip


def test_a_woocommerce_export_is_no_catalog_of_simple_and_variable():
    rows = pl.DataFrame(
        {
            "ID": ["1", "2", "3"], "Type": ["simple", "variable", "variation"],
            "SKU": ["a", "b", "c"], "Name": ["Blue Hoodie", "Red Cap", "Green Cap"],
            "Short description": ["x", "y", "z"], "Regular price": ["45", "18", "18"],
            "Categories": ["Clothing > Hoodies", "Clothing > Caps", "Clothing > Caps"],
            "Images": ["https://x/1.jpg, https://x/2.jpg", "https://x/3.jpg", None],
            "Attribute 1 name": ["Color", "Color", None],
            "Attribute 1 value(s)": ["Blue", "Red, Green", None],
            "Attribute 1 visible": ["1", "1", "1"],
        }
    )  # fmt: skip
    found = guess_columns(rows.lazy())
    assert found.columns.category == ["Categories"]
    assert found.category_separator == ">"
    assert found.columns.price == "Regular price"
    assert found.columns.identifiers == {"sku": ["SKU"]}
    assert found.columns.attribute_pairs == {"Attribute 1 name": "Attribute 1 value(s)"}


def test_a_price_is_known_by_its_currency_where_no_name_tells():
    rows = pl.DataFrame({"title": ["a b c d e f", "g h i j k l"], "v1": ["€ 3,50", "12.00 €"]})
    found = guess_columns(rows.lazy())
    assert (found.columns.price, found.reasons["v1"]) == ("v1", "amounts with a currency")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 4*1+0*3+0*1+6*3+3*1+8*3+1*1+3*3+3*1+3*3+9*1+3*3+1 = 90
        ("4006381333931", True),
        ("4006381333932", False),
        # UPC-A: 3*(0+6+0+2+1+5) + (3+0+0+9+4+2) = 60
        ("036000291452", True),
        # GTIN-8: 3*(9+3+5+7) + (6+8+0+4) = 90
        ("96385074", True),
        ("00012345600012", True),
        ("123", False),
        ("40063813339 1", False),
    ],
)
def test_check_digits(text, expected):
    assert is_gtin(pl.Series([text])).to_list() == [expected]


def test_pairs_and_several_pictures_reach_the_records(tmp_path):
    path = tmp_path / "wide.csv"
    wide().write_csv(path)
    guess = guess_columns(wide().lazy())
    settings = SourceSettings(paths=[str(path)], columns=guess.columns)
    record = load_products(settings, tmp_path).records.collect().row(1, named=True)
    found = {a["key"]: [e["value"] for e in a["evidences"]] for a in record["attributes"]}
    assert found == {
        "Color": ["Blue"], "Fabric weight": ["180 g"], "Size": ["M"], "Material": ["Linen"],
        "Sleeve length": ["long"], "Collar": ["Button-down", "Kent"],
    }  # fmt: skip
    assert record["image_urls"] == [
        "https://cdn.example.com/p/1.jpg",
        "https://cdn.example.com/p/1-1?size=l",
        "https://cdn.example.com/p/1-2.webp?v=3",
    ]
    assert record["category_path"] == ["Apparel", "Bottoms", "Jeans"]


def test_a_column_that_a_person_maps_leaves_its_guessed_attribute():
    guessed = ColumnMap(title="t", attributes={"Colour": "colour", "Size": "size"})
    by_name = overruled(guessed, ["attributes.Color=colour"], ["t", "colour", "size"])
    assert by_name.attributes == {"Size": "size", "Color": "colour"}
    as_brand = overruled(guessed, ["brand=size"], ["t", "colour", "size"])
    assert (as_brand.attributes, as_brand.brand) == ({"Colour": "colour"}, "size")


def test_pictures_may_be_in_several_columns_by_hand():
    found = overruled(
        ColumnMap(title="t", image_urls="a"), ["image_urls=b,c"], ["t", "a", "b", "c"]
    )
    assert found.image_urls == ["b", "c"]
