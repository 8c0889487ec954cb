"""Names that columns have in the tables people send, in English, German, French, Spanish,
Portuguese and Italian: in lower case, without accents, words parted by one space.

The order is the order of preference.
"""

from __future__ import annotations

import re

FIELDS: dict[str, tuple[str, ...]] = {
    "record_id": (
        "record id", "example id", "id", "product id", "item id", "uniq id", "unique id", "uid",
        "index", "pid", "asin", "sku", "handle", "offer id", "listing id", "artikelnummer",
        "artikelnr", "artikel nr", "produktnummer", "article number", "item number",
        "product code", "item code", "reference", "referencia", "codigo", "codice",
    ),
    "title": (
        "title", "product title", "product name", "name", "product", "item name", "item title",
        "display name", "label", "headline", "titel", "produktname", "artikelname", "bezeichnung",
        "produktbezeichnung", "artikelbezeichnung", "titre", "nom du produit", "nom produit", "nom",
        "designation", "libelle", "titulo", "nombre del producto", "nombre producto", "nombre",
        "nome do produto", "nome produto", "nome", "titolo",
    ),
    "description": (
        "description", "product description", "long description", "body html", "body", "text",
        "details", "about product", "about", "short description", "summary", "content",
        "beschreibung", "produktbeschreibung", "artikelbeschreibung", "langbeschreibung",
        "kurzbeschreibung", "description longue", "description produit", "descripcion",
        "descripcion larga", "descricao", "descrizione",
    ),
    "brand": (
        "brand", "brand name", "manufacturer", "vendor", "maker", "producer", "brandname",
        "marke", "markenname", "hersteller", "marque", "fabricant", "marca", "fabricante",
        "produttore", "manufacturer name",
    ),
    "price": (
        "price", "sale price", "selling price", "current price", "final price", "list price",
        "discounted price", "market price", "mrp", "retail price", "variant price", "amount",
        "regular price", "unit price", "price usd", "price eur", "price gbp", "preis",
        "verkaufspreis", "bruttopreis", "prix", "prix ttc", "prix de vente", "precio",
        "precio de venta", "precio venta", "preco", "preco de venda", "prezzo",
    ),
    "currency": (
        "currency", "currency code", "price currency", "wahrung", "waehrung", "devise", "monnaie",
        "moneda", "moeda", "valuta",
    ),
    "image_urls": (
        "image", "image url", "image urls", "images", "image link", "img", "img url", "picture",
        "main image", "image src", "photo", "photo url", "main image url", "primary image",
        "picture url", "bild", "bilder", "bild url", "hauptbild", "image principale", "imagen",
        "imagenes", "imagen principal", "imagem", "imagens", "immagine",
    ),
    "category": (
        "category path", "category", "categories", "product category", "taxonomy", "breadcrumb",
        "breadcrumbs", "cat", "product category tree", "category tree", "google product category",
        "product type", "department", "main category", "sub category", "subcategory", "type",
        "category level", "class", "subclass", "sub sub category", "leaf category", "level",
        "kategorie", "kategorien", "produktkategorie", "kategoriepfad", "warengruppe", "categorie",
        "rayon", "categoria", "categorias", "categoria de producto", "hauptkategorie",
        "unterkategorie", "sous categorie", "subcategoria",
    ),
    "split_hint": ("split", "fold", "partition"),
}  # fmt: skip
IDENTIFIERS: dict[str, str] = {
    "gtin": "gtin", "gtin13": "gtin", "gtin14": "gtin", "gtin 13": "gtin", "gtin 14": "gtin",
    "gtin12": "gtin", "gtin 12": "gtin", "gtin8": "gtin", "ean": "gtin", "ean13": "gtin",
    "ean 13": "gtin", "ean code": "gtin", "upc": "gtin", "upc code": "gtin", "barcode": "gtin",
    "codigo de barras": "gtin", "code barre": "gtin", "isbn": "isbn", "isbn13": "isbn",
    "asin": "asin", "sku": "sku", "mpn": "mpn", "modelno": "mpn", "model": "mpn",
    "model no": "mpn", "model number": "mpn", "modellnummer": "mpn", "part number": "mpn",
    "manufacturer part number": "mpn", "herstellernummer": "mpn", "parent sku": "parent_sku",
    "parent asin": "parent_sku", "parent id": "parent_sku", "item group id": "parent_sku",
    "variant sku": "sku", "variant barcode": "gtin",
}  # fmt: skip
ATTRIBUTES = frozenset(
    {
        "colour", "color", "farbe", "couleur", "cor", "colore", "size", "grosse", "groesse",
        "taille", "talla", "tamanho", "taglia", "material", "materials", "matiere", "materiale",
        "fabric", "stoff", "composition", "zusammensetzung", "pattern", "muster", "motif", "finish",
        "oberflache", "style", "stil", "shape", "form", "forme", "gender", "geschlecht", "genre",
        "genero", "sexe", "sexo", "age group", "altersgruppe", "fit", "passform", "sleeve",
        "sleeve length", "sleeve type", "neckline", "neck style", "collar", "closure", "heel type",
        "heel height", "season", "saison", "temporada", "occasion", "theme", "flavor", "flavour",
        "geschmack", "saveur", "sabor", "scent", "fragrance", "duft", "parfum", "item form",
        "skin type", "hair type", "ingredients", "capacity", "kapazitat", "capacite", "volume",
        "pack size", "packaging", "power", "power source", "wattage", "voltage", "screen size",
        "display size", "resolution", "memory", "storage", "ram", "processor", "cpu",
        "operating system", "connectivity", "interface", "compatibility", "lens", "mount type",
        "upholstery", "wood type", "stone", "gemstone", "metal", "plating", "care",
        "care instructions", "pflege", "country of origin", "herkunftsland", "dosage", "dimensions",
        "abmessungen", "diet", "special feature", "special features", "feature", "water resistance",
    }
)  # fmt: skip
PREFIXES = (
    "product",
    "item",
    "prod",
    "article",
    "artikel",
    "produkt",
    "produit",
    "producto",
    "produto",
)
ID_WORDS = frozenset(
    {"id", "uuid", "guid", "code", "nr", "no", "number", "nummer", "numero", "ref", "reference",
     "referencia", "codigo", "codice", "key", "sku"}
)  # fmt: skip
PRICE_WORDS = frozenset({"price", "preis", "prix", "precio", "preco", "prezzo", "verkaufspreis"})
NOT_THE_PRICE = frozenset(
    {"old", "was", "compare", "at", "cost", "shipping", "delivery", "min", "max", "per", "base",
     "wholesale", "purchase", "einkaufspreis", "ek", "starts", "ends", "date", "achat"}
)  # fmt: skip
LEVEL = re.compile(
    r"^(?:main )?(?:category|categorie|categoria|kategorie|cat|level|l|lvl|department|class)"
    r"(?: ?(?:level|l|lvl|name))? ?(\d+)(?: (?:name|category))?$"
)
IMAGE = re.compile(
    r"^(?:(?:additional|secondary|extra|other|more|alt|alternate|gallery|swatch|variant|weitere|zusatz) )?"
    r"(?:image|images|img|picture|photo|bild|imagen|imagem|immagine)s?(?: (?:url|urls|link|links|src))?"
    r"(?: ?\d+)?(?: (?:url|urls|link|links|src))?$"
)
NAMED_ATTRIBUTE = re.compile(
    r"^(?:attr|attribute|attributes|attribut|atributo|spec|specs|specification|param|property|prop"
    r"|merkmal|eigenschaft) (?!\d+\b)(.+)$"
)
_NUMBERED = r"(?:attribute|attribut|atributo|option|spec|specification|property|merkmal|feature)"
PAIR_NAME = re.compile(
    rf"^(?:{_NUMBERED} ?(\d+) (?:name|nom|nombre)|(?:name|nom|nombre) (?:of |de l |del )?{_NUMBERED} ?(\d+))$"
)
PAIR_VALUE = re.compile(
    rf"^(?:{_NUMBERED} ?(\d+) (?:value|value s|values|wert|werte|valeur|valeur s|valor|valores)"
    rf"|(?:valeur|valeur s|valor|valor es) (?:de l |del )?{_NUMBERED} ?(\d+))$"
)
SHOP_TYPES = frozenset({"simple", "variable", "variation", "grouped", "external", "configurable"})
"""What a shop system calls a row in its column Type: no category."""
