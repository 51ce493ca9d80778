"""The store `second`: a home goods shop in New York, prices in cents with tax on top.

What is scarce, back-ordered or without stock stands last, so that everything a list shows first
can be bought in quantity.
"""

from tradewind_host.demo.merchandise import DemoCategory, DemoShipping, DemoStore, product

KITCHEN = ("kitchen",)
TABLE = ("tableware", "kitchen")
COFFEE = ("coffee-bar", "kitchen")
BED_BATH = ("bed-bath",)
LIGHT = ("lighting",)
CANDLES = ("candles-soap", "bed-bath")
STORAGE = ("storage",)
GARDEN = ("garden",)
PAPER = ("paper-books",)

_CATEGORIES = (
    DemoCategory("kitchen", "Kitchen"),
    DemoCategory("tableware", "Tableware", "kitchen"),
    DemoCategory("coffee-bar", "Coffee & Tea", "kitchen"),
    DemoCategory("bed-bath", "Bed & Bath"),
    DemoCategory("candles-soap", "Candles & Soap", "bed-bath"),
    DemoCategory("lighting", "Lighting"),
    DemoCategory("storage", "Storage & Baskets"),
    DemoCategory("garden", "Garden & Patio"),
    DemoCategory("paper-books", "Paper & Books"),
)

_KITCHEN_GOODS = (
    product(
        "Stoneware Mug",
        TABLE,
        "A generous mug with a glaze that pools at the rim. Holds 14 ounces, loves a dishwasher.",
        ("MUG-BLU", "Blue", 16_00, 240),
        ("MUG-SAND", "Sand", 16_00, 220),
        ("MUG-MOSS", "Moss", 16_00, 200),
        choose="Color",
    ),
    product(
        "Everyday Dinner Plate",
        TABLE,
        "Ten and a half inches of chip-resistant stoneware. Stacks neatly and goes in the oven.",
        ("PLATE-10", "", 18_00, 300),
    ),
    product(
        "Pasta Bowl",
        TABLE,
        "Wide, shallow and deep enough for seconds. The rim is made for leaning a fork.",
        ("BOWL-PASTA", "", 19_50, 260),
    ),
    product(
        "Linen Napkins, Set of 4",
        TABLE,
        "Washed linen with a mitered hem that softens with age. No ironing, on purpose.",
        ("NAPKIN-OAT", "Oat", 34_00, 150),
        ("NAPKIN-INK", "Ink", 34_00, 140),
        choose="Color",
    ),
    product(
        "Glass Water Carafe",
        TABLE,
        "Borosilicate glass with a tumbler that doubles as a lid. A liter by the bed or the table.",
        ("CARAFE-1L", "", 28_00, 130),
    ),
    product(
        "Walnut Salad Bowl",
        TABLE,
        "Turned from American walnut and rubbed with beeswax. Big enough for a crowd of eight.",
        ("BOWL-WALNUT", "", 78_00, 110),
    ),
    product(
        "Cast Iron Skillet Pan",
        KITCHEN,
        "Pre-seasoned iron with a smooth, machined floor. Sears, bakes and outlives its owner.",
        ("SKILLET-8", "8 in", 32_00, 150),
        ("SKILLET-10", "10 in", 44_00, 170),
        ("SKILLET-12", "12 in", 58_00, 130),
        choose="Size",
    ),
    product(
        "Enameled Dutch Oven Pot",
        KITCHEN,
        "Five and a half quarts of even heat under a heavy lid. Bread, beans, braises and soup.",
        ("DUTCH-5", "", 129_00, 110),
    ),
    product(
        "Maple Cutting Board",
        KITCHEN,
        "Edge-grain maple with a groove for juices. Flip it for cheese when company comes.",
        ("BOARD-M", "Medium", 48_00, 160),
        ("BOARD-L", "Large", 68_00, 120),
        choose="Size",
    ),
    product(
        "Olive Oil Cruet Bottle",
        KITCHEN,
        "A slim bottle with a spout that never drips. Dark glass keeps the oil fresh.",
        ("CRUET-OIL", "", 22_00, 190),
    ),
    product(
        "Striped Kitchen Towels, Pair",
        KITCHEN,
        "Flat-woven cotton that dries glass without lint. A loop in the corner for the hook.",
        ("TOWEL-STRIPE", "", 20_00, 280),
    ),
    product(
        "Canvas Kitchen Apron",
        KITCHEN,
        "Waxed canvas with a towel loop and pockets that fit a phone. One size, long ties.",
        ("APRON-WAX", "", 42_00, 140),
    ),
    product(
        "Beechwood Spoon Set",
        KITCHEN,
        "Five shapes for stirring, scraping and tasting. Sanded fine and oiled twice.",
        ("SPOON-SET", "", 26_00, 210),
    ),
    product(
        "Spice Jars, Set of 6",
        KITCHEN,
        "Square jars with bamboo lids and blank labels. They line a drawer edge to edge.",
        ("JAR-SPICE-6", "", 24_00, 230),
    ),
    product(
        "Gooseneck Kettle",
        COFFEE,
        "A steady, slow pour for coffee people. Brushed steel, one quart, for gas or induction.",
        ("KETTLE-GOOSE", "", 64_00, 120),
    ),
    product(
        "Breakfast Loose Tea",
        COFFEE,
        "Assam and Kenyan leaves blended for milk. Two and a half minutes, no longer.",
        ("TEA-250", "Half pound", 18_50, 200),
        ("TEA-500", "One pound", 32_00, 180),
        choose="Size",
    ),
    product(
        "House Blend Coffee",
        COFFEE,
        "Chocolate, toasted almond and a clean finish. Roasted on Mondays, shipped on Tuesdays.",
        ("BLEND-BEAN-12", "Whole bean", 17_00, 260),
        ("BLEND-DRIP-12", "Drip grind", 17_00, 240),
        choose="Grind",
    ),
    product(
        "Iced Tea Pitcher",
        COFFEE,
        "A tall glass jug with a strainer in the lid. Fits the door of the refrigerator.",
        ("PITCHER-ICE", "", 36_00, 150),
    ),
)

_ROOMS = (
    product(
        "Percale Sheet Set",
        BED_BATH,
        "Crisp long-staple cotton that stays cool all night. One fitted, one flat, two cases.",
        ("SHEET-WHT-Q", "White / Queen", 118_00, 130),
        ("SHEET-WHT-K", "White / King", 138_00, 120),
        ("SHEET-FOG-Q", "Fog / Queen", 118_00, 120),
        ("SHEET-FOG-K", "Fog / King", 138_00, 110),
        choose="Color / Size",
    ),
    product(
        "Down-Free Pillow",
        BED_BATH,
        "Springy fill that keeps its loft and washes at home. Medium height for every sleeper.",
        ("PILLOW-STD", "", 39_00, 200),
    ),
    product(
        "Chunky Knit Throw Blanket",
        BED_BATH,
        "Thick recycled cotton in a basket knit. Heavy enough to win any nap.",
        ("THROW-KNIT", "", 84_00, 120),
    ),
    product(
        "Turkish Bath Towel",
        BED_BATH,
        "Quick to dry, thirsty and light to pack. Woven in Denizli with a hand-tied fringe.",
        ("TOWEL-CLAY", "Clay", 32_00, 180),
        ("TOWEL-SEA", "Sea", 32_00, 190),
        choose="Color",
    ),
    product(
        "Waffle Robe",
        BED_BATH,
        "A light cotton robe with deep pockets. Warm after the shower, never heavy.",
        ("ROBE-S", "S", 72_00, 110),
        ("ROBE-M", "M", 72_00, 130),
        ("ROBE-L", "L", 72_00, 120),
        choose="Size",
    ),
    product(
        "Lounge T-Shirt",
        BED_BATH,
        "Brushed jersey for slow mornings. Pre-shrunk, so the size you buy is the size you keep.",
        ("SHIRT-BLU-M", "Blue / M", 28_00, 160),
        ("SHIRT-BLU-L", "Blue / L", 28_00, 150),
        ("SHIRT-GRY-M", "Gray / M", 28_00, 150),
        ("SHIRT-GRY-L", "Gray / L", 28_00, 140),
        choose="Color / Size",
    ),
    product(
        "Wool House Slippers",
        BED_BATH,
        "Felted wool with a suede sole that grips wood floors. Snug at first, yours by Sunday.",
        ("SLIPPER-M", "M", 54_00, 120),
        ("SLIPPER-L", "L", 54_00, 120),
        choose="Size",
    ),
    product(
        "Cotton Bath Mat",
        BED_BATH,
        "Dense tufted cotton with a backing that stays put. Soft underfoot and quick to wash.",
        ("MAT-BATH", "", 38_00, 160),
    ),
    product(
        "Lavender Soap",
        CANDLES,
        "Olive oil soap with lavender from the Catskills. A square bar that lasts a month.",
        ("SOAP-LAV", "", 9_00, 320),
    ),
    product(
        "Cedar Hand Soap Bottle",
        CANDLES,
        "Liquid soap with cedar and orange peel. The amber bottle is glass, made to be refilled.",
        ("SOAP-CEDAR", "", 18_00, 240),
    ),
    product(
        "Fig & Moss Candle",
        CANDLES,
        "Soy wax and a cotton wick in a glass you will keep. Sixty hours of a quiet evening.",
        ("CANDLE-FIG", "", 34_00, 200),
    ),
    product(
        "Beeswax Taper Candles, Pair",
        CANDLES,
        "Hand-dipped tapers that burn bright and smell of honey. Ten inches, no drips.",
        ("TAPER-10", "", 22_00, 210),
    ),
    product(
        "Brass Candle Holder",
        CANDLES,
        "A small weighty base that fits any taper. Unlacquered, so it darkens as you use it.",
        ("HOLDER-BRASS", "", 29_00, 150),
    ),
    product(
        "Ceramic Table Lamp",
        LIGHT,
        "A speckled base under a linen shade. Comes with a dimmer on the cord and a warm bulb.",
        ("LAMP-CERAMIC", "", 119_00, 110),
    ),
    product(
        "Arc Floor Lamp",
        LIGHT,
        "Reaches over the sofa without a ceiling hook. Marble foot, brass arm, ready in minutes.",
        ("LAMP-ARC", "", 249_00, 100),
    ),
    product(
        "Clip-On Reading Lamp",
        LIGHT,
        "A small shade on a flexible neck that clips to any shelf. Three levels of warm light.",
        ("LAMP-CLIP", "", 45_00, 150),
    ),
    product(
        "Rechargeable Patio Lantern",
        LIGHT,
        "Candle-like glow for twenty hours between charges. Rain does it no harm.",
        ("LANTERN-USB", "", 58_00, 140),
    ),
    product(
        "Filament Bulbs, Pack of 3",
        LIGHT,
        "LED filaments with the color of late afternoon. Forty watts of light for four of power.",
        ("BULB-WARM-3", "", 24_00, 260),
    ),
    product(
        "Seagrass Basket",
        STORAGE,
        "Hand-woven seagrass with handles that carry a load. Toys, blankets or a tall plant.",
        ("BASKET-S", "Small", 28_00, 170),
        ("BASKET-M", "Medium", 39_00, 160),
        ("BASKET-XL", "Extra large", 56_00, 120),
        choose="Size",
    ),
    product(
        "Canvas Laundry Bag",
        STORAGE,
        "A standing bag on a folding beech frame. Lift it out and take it to the machine.",
        ("LAUNDRY-BAG", "", 49_00, 130),
    ),
    product(
        "Stacking Pantry Jars, Set of 4",
        STORAGE,
        "Airtight glass in four heights with one width of lid. See the flour before it runs out.",
        ("JAR-PANTRY-4", "", 46_00, 150),
    ),
    product(
        "Linen Storage Box",
        STORAGE,
        "A lidded box with a leather pull and room for ten sweaters. Folds flat when empty.",
        ("BOX-LINEN", "", 33_00, 170),
    ),
    product(
        "Oak Step Stool",
        STORAGE,
        "Two solid steps that also seat a guest. White oak, finished in hard wax.",
        ("STOOL-OAK", "", 98_00, 110),
    ),
    product(
        "Terracotta Plant Pot",
        GARDEN,
        "Classic clay with a saucer and a hole where it belongs. Ages to a soft chalky white.",
        ("POT-6", "6 in", 14_00, 240),
        ("POT-9", "9 in", 24_00, 180),
        choose="Size",
    ),
    product(
        "Potted Herb Planter",
        GARDEN,
        "Basil, thyme and parsley seeds with soil and a long tray. Green in three weeks.",
        ("HERB-KIT", "", 27_00, 160),
    ),
    product(
        "Copper Watering Can",
        GARDEN,
        "A long thin spout that reaches the back of the shelf. Two quarts, well balanced.",
        ("CAN-COPPER", "", 52_00, 120),
    ),
    product(
        "Dot Grid Notebook",
        PAPER,
        "Heavy cream paper that takes a fountain pen. Numbered pages and two ribbons.",
        ("NOTE-A5", "", 19_00, 280),
    ),
    product(
        "Weeknight Suppers Cookbook",
        PAPER,
        "Ninety dinners in half an hour and one pan. Every recipe has a picture and a plan B.",
        ("BOOK-SUPPER", "", 35_00, 150),
    ),
    product(
        "Letterpress Thank-You Cards",
        PAPER,
        "Eight cotton cards printed one at a time, with envelopes. For notes you mean to write.",
        ("CARD-THANKS-8", "", 21_00, 190),
    ),
)

_SCARCE_AND_UNCOUNTED = (
    product(
        "Hand-Thrown Vase",
        TABLE,
        "Thrown and signed by a potter in Beacon. We get a few of them and then a few more.",
        ("VASE-BEACON", "", 86_00, 4),
    ),
    product(
        "Winter Spruce Candle",
        CANDLES,
        "Spruce, smoke and a little clove, poured once a year. Back when the snow is.",
        ("CANDLE-SPRUCE", "", 36_00, 0),
    ),
    product(
        "Walnut Bedside Table Lamp",
        LIGHT,
        "A walnut column with a paper shade, made to order. Ships about three weeks after you buy.",
        ("LAMP-WALNUT", "", 185_00, 0),
        backorder=True,
    ),
    product(
        "Small Spaces E-Book",
        PAPER,
        "Forty clever rooms with plans you can copy. A PDF, ready to download.",
        ("EBOOK-SPACES", "", 15_00, None),
        kind="digital",
    ),
    product(
        "Room Styling Visit",
        STORAGE,
        "Two hours with a stylist who rearranges what you already own. New York City only.",
        ("STYLE-VISIT", "", 180_00, None),
        kind="service",
    ),
    product(
        "Coffee Pack, 6 Bags",
        COFFEE,
        "Six bags of any coffee, claimed whenever you run low. Good for a year.",
        ("COFFEE-PACK-6", "", 90_00, None),
        kind="pack",
    ),
)

AMERICAN_STORE = DemoStore(
    slug="second",
    name="Harbor & Pine Home",
    currency="USD",
    country="us",
    region_name="United States",
    timezone="America/New_York",
    categories=_CATEGORIES,
    products=_KITCHEN_GOODS + _ROOMS + _SCARCE_AND_UNCOUNTED,
    shipping_options=(
        DemoShipping(
            "Standard ground",
            6_95,
            "3 to 5 business days",
            heavier=((9_000, 14_95), (23_000, 39_00)),
        ),
        DemoShipping("Two-day air", 18_50, "2 business days"),
        DemoShipping("Pick up in Brooklyn", 0, "Ready tomorrow"),
    ),
    tax_rate_percent="8.875",
    tax_inclusive=False,
    weights={
        "kitchen": 1_100,
        "tableware": 850,
        "coffee-bar": 600,
        "bed-bath": 1_200,
        "candles-soap": 400,
        "lighting": 2_100,
        "storage": 1_500,
        "garden": 1_800,
        "paper-books": 450,
    },
)
