"""The store `demo`: a general store in Nairobi, prices in whole shillings with tax included.

What is scarce, back-ordered or without stock stands last, so that everything a list shows first
can be bought in quantity.
"""

from tradewind_host.demo.merchandise import DemoCategory, DemoShipping, DemoStore, product

PANTRY = ("pantry",)
TEA = ("tea-coffee", "pantry")
HOME = ("home",)
LIGHT = ("lighting", "home")
CLOTHES = ("clothing",)
SHOES = ("shoes", "clothing")
CRAFTS = ("crafts",)
BEAUTY = ("beauty",)
BOOKS = ("books",)

_CATEGORIES = (
    DemoCategory("pantry", "Food & Pantry"),
    DemoCategory("tea-coffee", "Tea & Coffee", "pantry"),
    DemoCategory("home", "Home & Kitchen"),
    DemoCategory("lighting", "Lamps & Solar", "home"),
    DemoCategory("clothing", "Clothing"),
    DemoCategory("shoes", "Shoes & Sandals", "clothing"),
    DemoCategory("crafts", "Baskets & Crafts"),
    DemoCategory("beauty", "Soap & Beauty"),
    DemoCategory("books", "Books & Stationery"),
)

_FOOD = (
    product(
        "Kericho Black Tea",
        TEA,
        "Bright, brisk leaves from the highlands around Kericho. Makes a strong chai with milk.",
        ("TEA-250", "250 g", 190_00, 320),
        ("TEA-500", "500 g", 350_00, 400),
        choose="Size",
    ),
    product(
        "Nandi Green Tea",
        TEA,
        "Hand-plucked green tea from the Nandi Hills. Light, grassy and good without sugar.",
        ("GREEN-TEA-100", "", 420_00, 180),
    ),
    product(
        "Purple Leaf Tea",
        TEA,
        "A rare Kenyan leaf that brews to a soft violet cup. Smooth, with a hint of berries.",
        ("PURPLE-TEA-50", "", 650_00, 150),
    ),
    product(
        "Chai Masala Blend",
        TEA,
        "Ginger, cardamom, cinnamon and clove, ground together. Half a teaspoon warms a pot.",
        ("CHAI-MIX-100", "", 240_00, 260),
    ),
    product(
        "Nyeri AA Coffee",
        TEA,
        "Washed AA beans from small farms in Nyeri, roasted every week. Blackcurrant and cocoa.",
        ("COFFEE-BEAN-250", "Beans / 250 g", 780_00, 220),
        ("COFFEE-BEAN-500", "Beans / 500 g", 1_450_00, 160),
        ("COFFEE-GRND-250", "Ground / 250 g", 780_00, 240),
        ("COFFEE-GRND-500", "Ground / 500 g", 1_450_00, 170),
        choose="Grind / Size",
    ),
    product(
        "Dried Hibiscus Tea",
        TEA,
        "Whole hibiscus petals, dried in the shade. Steep hot, or chill overnight with lime.",
        ("HIBISCUS-100", "", 280_00, 190),
    ),
    product(
        "Acacia Honey",
        PANTRY,
        "Raw honey from Kitui, strained once and never heated. Floral, pale and slow to set.",
        ("HONEY-300", "300 g", 450_00, 210),
        ("HONEY-500", "500 g", 690_00, 180),
        ("HONEY-1000", "1 kg", 1_250_00, 120),
        choose="Size",
    ),
    product(
        "Roasted Peanut Butter",
        PANTRY,
        "Just roasted peanuts and a pinch of salt. Choose it smooth for toast or crunchy for stew.",
        ("PEANUT-SMOOTH", "Smooth", 380_00, 230),
        ("PEANUT-CRUNCH", "Crunchy", 380_00, 210),
        choose="Texture",
    ),
    product(
        "Mwea Pishori Rice",
        PANTRY,
        "Aromatic long grain from the Mwea paddies. Cooks up loose, so it suits pilau and biryani.",
        ("RICE-2KG", "2 kg", 460_00, 300),
        ("RICE-5KG", "5 kg", 1_100_00, 200),
        choose="Size",
    ),
    product(
        "Stone-Ground Maize Flour",
        PANTRY,
        "Whole white maize, milled slowly between stones. Gives ugali a fuller taste.",
        ("MAIZE-2KG", "", 210_00, 400),
    ),
    product(
        "Pilau Spice Mix",
        PANTRY,
        "Cumin, black pepper, cloves and cinnamon, toasted and ground. One jar seasons ten pots.",
        ("PILAU-80", "", 260_00, 240),
    ),
    product(
        "Cold-Pressed Coconut Oil",
        PANTRY,
        "Pressed at the coast from fresh nuts. Clear when warm, white when cool, good for frying.",
        ("COCO-OIL-500", "", 720_00, 150),
    ),
    product(
        "Salted Macadamia Nuts",
        PANTRY,
        "Murang'a macadamias, roasted golden and lightly salted. Packed in a pouch that closes.",
        ("MACADAMIA-200", "", 590_00, 200),
    ),
    product(
        "Dried Mango Slices",
        PANTRY,
        "Ripe apple mango and nothing else, dried until chewy. A school-bag snack that keeps.",
        ("MANGO-150", "", 320_00, 260),
    ),
    product(
        "Pili Pili Hot Sauce",
        PANTRY,
        "Bird's eye chili, tomato and lime in a slow burn. Shake it over chips, eggs or samosas.",
        ("PILIPILI-250", "", 230_00, 280),
    ),
)

_HOUSEHOLD = (
    product(
        "Enamel Mug",
        HOME,
        "A steel mug with a thick enamel coat, made for camp and kitchen. Holds 350 ml of hot tea.",
        ("MUG-BLU", "Blue", 250_00, 320),
        ("MUG-RED", "Red", 250_00, 280),
        ("MUG-WHT", "White", 250_00, 260),
        choose="Color",
    ),
    product(
        "Aluminum Sufuria Pot",
        HOME,
        "The pot of every Kenyan kitchen, in heavy-gauge aluminum. Flat base and a rolled rim.",
        ("SUFURIA-2L", "2 liters", 550_00, 160),
        ("SUFURIA-4L", "4 liters", 850_00, 140),
        ("SUFURIA-8L", "8 liters", 1_400_00, 120),
        choose="Size",
    ),
    product(
        "Ceramic Jiko Stove",
        HOME,
        "A charcoal stove with a fired clay liner that keeps its heat. Burns a third less fuel.",
        ("JIKO-STD", "", 1_350_00, 130),
    ),
    product(
        "Olive Wood Bowl",
        HOME,
        "Turned from one piece of wild olive, so no two are alike. Finished with food-safe oil.",
        ("BOWL-OLIVE", "", 1_800_00, 120),
    ),
    product(
        "Wooden Spoons, Set of 3",
        HOME,
        "A mwiko, a ladle and a slotted spoon in smooth mahogany. They never scratch a pot.",
        ("SPOON-SET", "", 480_00, 240),
    ),
    product(
        "Whistling Kettle",
        HOME,
        "Stainless steel, three liters, with a whistle you will hear from the yard. For any stove.",
        ("KETTLE-3L", "", 1_650_00, 110),
    ),
    product(
        "Insulated Flask",
        HOME,
        "Keeps tea hot from breakfast to supper. The lid is a cup and the handle folds away.",
        ("FLASK-1L", "1 liter", 1_250_00, 160),
        ("FLASK-2L", "2 liters", 1_750_00, 130),
        choose="Size",
    ),
    product(
        "Solar Lantern",
        LIGHT,
        "Eight hours of light from a day of sun, and a port to charge a phone. Hang or stand it.",
        ("LANTERN-SUN", "", 1_950_00, 180),
    ),
    product(
        "Solar Bulb Kit",
        LIGHT,
        "Two bulbs, a small panel and five meters of cable. Fits in an hour without tools.",
        ("SUN-BULB-2", "", 2_800_00, 140),
    ),
    product(
        "Sisal Table Lamp",
        LIGHT,
        "A warm glow through a hand-woven sisal shade. The base is reclaimed jacaranda.",
        ("LAMP-SISAL", "", 3_400_00, 110),
    ),
    product(
        "Hurricane Lantern",
        LIGHT,
        "The classic paraffin lantern with a wind-proof glass. Burns a whole night on one filling.",
        ("LANTERN-OIL", "", 950_00, 150),
    ),
    product(
        "Kiondo Basket",
        CRAFTS,
        "Woven from sisal by a women's group in Machakos, with leather handles. Soft and strong.",
        ("BASKET-S", "Small", 1_200_00, 150),
        ("BASKET-M", "Medium", 1_800_00, 140),
        ("BASKET-L", "Large", 2_500_00, 120),
        choose="Size",
    ),
    product(
        "Woven Wall Basket",
        CRAFTS,
        "A shallow basket in earth tones with a loop to hang it. Group three for a bright wall.",
        ("WALL-BASKET", "", 1_450_00, 120),
    ),
    product(
        "Soapstone Dish",
        CRAFTS,
        "Carved and polished in Kisii, then etched by hand. Holds keys, rings or a bar of soap.",
        ("DISH-KISII", "", 650_00, 170),
    ),
    product(
        "Beaded Tote Bag",
        CRAFTS,
        "Sturdy canvas with a panel of Maasai beadwork. Room for a laptop and the shopping.",
        ("TOTE-BEAD", "", 2_200_00, 110),
    ),
    product(
        "Banana Fiber Storage Box",
        CRAFTS,
        "A lidded box plaited from banana fiber. Light, strong and just right for a shelf.",
        ("BOX-BANANA", "", 1_300_00, 130),
    ),
)

_PERSONAL = (
    product(
        "Cotton T-Shirt",
        CLOTHES,
        "Soft combed cotton, knitted and sewn in Thika. Cut straight, and the collar stays flat.",
        ("SHIRT-BLU-S", "Blue / S", 850_00, 160),
        ("SHIRT-BLU-M", "Blue / M", 850_00, 220),
        ("SHIRT-BLU-L", "Blue / L", 850_00, 190),
        ("SHIRT-BLK-S", "Black / S", 850_00, 150),
        ("SHIRT-BLK-M", "Black / M", 850_00, 210),
        ("SHIRT-BLK-L", "Black / L", 850_00, 180),
        choose="Color / Size",
    ),
    product(
        "Kitenge Shirt",
        CLOTHES,
        "A short-sleeved shirt in bold wax print. Tailored in Nairobi, matched at the pocket.",
        ("KITENGE-M", "M", 2_400_00, 130),
        ("KITENGE-L", "L", 2_400_00, 130),
        ("KITENGE-XL", "XL", 2_400_00, 110),
        choose="Size",
    ),
    product(
        "Kikoi Wrap",
        CLOTHES,
        "Striped coastal cotton with a knotted fringe. A wrap, a towel or a cover for the table.",
        ("KIKOI-SEA", "Sea", 1_350_00, 150),
        ("KIKOI-SUN", "Sunset", 1_350_00, 150),
        choose="Color",
    ),
    product(
        "Maasai Shuka Blanket",
        CLOTHES,
        "The checked blanket of the plains in thick brushed acrylic. Warm on any cold morning.",
        ("SHUKA-STD", "", 1_500_00, 200),
    ),
    product(
        "Market Apron",
        CLOTHES,
        "Heavy canvas with two deep pockets and cross straps. Washes well, wears better.",
        ("APRON-MKT", "", 980_00, 140),
    ),
    product(
        "Leather Sandals",
        SHOES,
        "Vegetable-tanned leather on a sole cut from tire rubber. Made for long dusty roads.",
        ("SANDAL-39", "39", 1_900_00, 110),
        ("SANDAL-41", "41", 1_900_00, 130),
        ("SANDAL-43", "43", 1_900_00, 120),
        choose="Size",
    ),
    product(
        "Canvas Shoes",
        SHOES,
        "Everyday lace-ups with a stitched rubber sole. Light, cheap to love and easy to wash.",
        ("CANVAS-40", "40", 1_600_00, 120),
        ("CANVAS-42", "42", 1_600_00, 140),
        choose="Size",
    ),
    product(
        "Rain Boots",
        SHOES,
        "Knee-high rubber boots with a deep tread. For long rains, the shamba and the car wash.",
        ("BOOT-RAIN", "", 1_750_00, 110),
    ),
    product(
        "Lavender Soap",
        BEAUTY,
        "A cold-process bar with lavender grown in Naivasha. Gentle on hands, slow to melt.",
        ("SOAP-LAV", "", 220_00, 360),
    ),
    product(
        "Neem Soap",
        BEAUTY,
        "Neem leaf and coconut oil in a plain, honest bar. Calms skin after a day in the sun.",
        ("SOAP-NEEM", "", 200_00, 340),
    ),
    product(
        "Shea Body Butter",
        BEAUTY,
        "Whipped shea with a little vanilla. A fingertip is enough for both elbows.",
        ("SHEA-200", "", 750_00, 170),
    ),
    product(
        "Aloe Shampoo",
        BEAUTY,
        "Aloe from Laikipia in a mild wash for every kind of hair. Rinses out fast in hard water.",
        ("ALOE-400", "", 540_00, 190),
    ),
    product(
        "A5 Notebook",
        BOOKS,
        "Two hundred ruled pages between hard covers. Lies flat and takes ink without a shadow.",
        ("NOTE-A5", "", 350_00, 320),
    ),
    product(
        "Swahili Phrase Book",
        BOOKS,
        "Six hundred phrases for market, matatu and meeting. Pronounced as you read them.",
        ("BOOK-SWA", "", 690_00, 140),
    ),
    product(
        "Ballpoint Pens, Pack of 10",
        BOOKS,
        "Smooth blue ink and a clip that holds. Ten pens, because they always walk away.",
        ("PEN-10", "", 180_00, 380),
    ),
)

_SCARCE_AND_UNCOUNTED = (
    product(
        "Jacaranda Stool",
        CRAFTS,
        "A three-legged stool carved from a single block. Few leave the workshop each month.",
        ("STOOL-JAC", "", 4_200_00, 3),
    ),
    product(
        "Peaberry Harvest Coffee",
        TEA,
        "Round peaberries from one Kirinyaga harvest, roasted light. Gone until the next crop.",
        ("COFFEE-PEA-250", "", 1_100_00, 0),
    ),
    product(
        "Solar Home System",
        LIGHT,
        "A roof panel, a battery, four lamps and a radio. Order now, delivered from the next lot.",
        ("SUN-HOME-4", "", 18_500_00, 2),
        backorder=True,
    ),
    product(
        "Coast Recipes E-Book",
        BOOKS,
        "Sixty recipes from Lamu to Vanga with pictures of each. A PDF, yours at once.",
        ("EBOOK-COAST", "", 500_00, None),
        kind="digital",
    ),
    product(
        "Solar Fitting Visit",
        LIGHT,
        "A technician fits your panel and lamps and shows you how. Nairobi and Kiambu, half a day.",
        ("FIT-SOLAR", "", 3_000_00, None),
        kind="service",
    ),
    product(
        "Tailoring Pack, 5 Visits",
        CLOTHES,
        "Five alterations by our tailor, used whenever you like. Hems, zips, sleeves and seams.",
        ("TAILOR-5", "", 2_000_00, None),
        kind="pack",
    ),
)

KENYAN_STORE = DemoStore(
    slug="demo",
    name="Mwangaza General Store",
    currency="KES",
    country="ke",
    region_name="Kenya",
    timezone="Africa/Nairobi",
    categories=_CATEGORIES,
    products=_FOOD + _HOUSEHOLD + _PERSONAL + _SCARCE_AND_UNCOUNTED,
    shipping_options=(
        DemoShipping("Nairobi rider", 250_00, "Today, if ordered before 2 pm"),
        DemoShipping(
            "Countrywide parcel",
            450_00,
            "2 to 3 working days",
            heavier=((5_000, 700_00), (20_000, 1500_00)),
        ),
        DemoShipping("Pick up at the store", 0, "Ready in an hour"),
    ),
    tax_rate_percent="16",
    tax_inclusive=True,
    weights={
        "pantry": 650,
        "tea-coffee": 300,
        "home": 1_400,
        "lighting": 900,
        "clothing": 450,
        "shoes": 800,
        "crafts": 750,
        "beauty": 250,
        "books": 500,
    },
)
