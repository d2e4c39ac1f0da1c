"""What needles are about: things said and written once, things seen and heard, things meant.

Every subject has two families of wordings: `asks` may be tuned on, `held` is for reporting. Slots
such as {city} are filled anew for each stream, so that no answer can be learned by heart; life
itself never speaks of any of it.
"""

from dataclasses import dataclass

from omnilive_lab.streams.base import Family

NEEDLE_SLOTS: dict[str, tuple[str, ...]] = {
    "fname": ("Ophelia", "Barnaby", "Theodora", "Lucian", "Marigold", "Rufus", "Sabine", "Tobias"),
    "surname": ("Lindqvist", "Okafor", "Brandt", "Castellan", "Dubrovnik", "Yamazaki", "Petrov"),
    "city": ("Lisbon", "Krakow", "Oslo", "Verona", "Bergen", "Ghent", "Sofia", "Tallinn", "Porto"),
    "pot": ("flower pot", "doormat", "watering can", "garden gnome", "wooden bench"),
    "shade": ("turquoise", "crimson", "golden", "violet", "silver"),
    "nuts": ("peanuts", "shellfish", "strawberries", "walnuts", "sesame"),
    "spice": ("cardamom", "paprika", "nutmeg", "star anise", "caraway"),
    "employer": ("opera house", "fire brigade", "observatory", "zoo", "shipyard"),
    "shop": ("pharmacy", "post office", "flower shop", "petrol station"),
    "n2": ("17", "23", "34", "41", "56", "68", "72", "89", "93"),
    "n3": ("214", "305", "427", "518", "630", "742", "861", "959"),
    "n4": ("4711", "8062", "9350", "2784", "6129", "7538"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "level": ("two", "three", "four", "five", "six"),
    "landmark": ("escalator", "blue pillar", "ticket machine", "lift"),
    "pet": ("parrot", "tortoise", "ferret", "hamster"),
    "gift": ("telescope", "violin", "typewriter", "hammock", "microscope"),
    "river": ("Danube", "Loire", "Vistula", "Tagus"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Something said (or shown, for texts) once. `about` names it in other questions."""

    name: str
    line: str
    about: str
    accept: tuple[str, ...]
    asks: tuple[str, ...]
    held: tuple[str, ...]
    near: tuple[str, ...] = ()  # shares words, says nothing of it
    language: str = "en"


SAID = (
    Topic(
        name="key", line="The spare key is under the {shade} {pot}.", about="the spare key",
        accept=("{pot}",),
        asks=("Where is the spare key?", "Where did they say the spare key was?"),
        held=("Under what is the extra key hidden?", "Which hiding place was named for the key?"),
        near=("I lost my key ring again.", "That is the key point of the whole story."),
    ),
    Topic(
        name="wifi", line="The wireless password is {pet} {n4}.", about="the wireless password",
        accept=("{n4}", "{pet}"),
        asks=("What is the wireless password?", "Which password did they give for the wireless?"),
        held=("How do I log on to the wifi?", "Tell me the password for the wireless network."),
        near=("I forgot the password of my old mailbox.", "The wireless speaker is charging."),
    ),
    Topic(
        name="platform", line="The train to {city} goes from platform {n2} this time.",
        about="the train to {city}", accept=("platform {n2}", "{n2}"),
        asks=("Which platform does the train to {city} go from?",
              "From what platform does the {city} train leave?"),
        held=("Where do I have to wait for the train to {city}?",
              "What did they say about the platform for {city}?"),
        near=("The train was so crowded this morning.", "There is a new platform for games."),
    ),
    Topic(
        name="appointment",
        line="Doctor {surname} moved my appointment to {weekday} at quarter past {level}.",
        about="the appointment with Doctor {surname}", accept=("{weekday}",),
        asks=("What day was my appointment with Doctor {surname} moved to?",
              "Which day is the appointment with Doctor {surname} now?"),
        held=("What is the new date with Doctor {surname}?",
              "To which weekday did Doctor {surname} shift me?"),
        near=("The doctor on television was funny.", "I have no appointment at the hairdresser."),
    ),
    Topic(
        name="parcel", line="The parcel for {fname} is waiting at the {shop}.",
        about="the parcel for {fname}", accept=("{shop}",),
        asks=("Where is the parcel for {fname}?", "Where is {fname}'s parcel waiting?"),
        held=("Where can {fname} pick up the package?", "Which place keeps the parcel of {fname}?"),
        near=("The parcel tape is used up.", "No parcel service delivers on Sundays."),
    ),
    Topic(
        name="allergy", line="Remember that {fname} is allergic to {nuts}.",
        about="the allergy of {fname}", accept=("{nuts}",),
        asks=("What is {fname} allergic to?", "Which allergy does {fname} have?"),
        held=("What must {fname} not eat?", "Which food should I avoid when {fname} comes?"),
        near=("I am allergic to early mornings.", "Nobody here is allergic to hard work."),
    ),
    Topic(
        name="boiler", line="The plumber wants {n3} euros for the new boiler.",
        about="the boiler", accept=("{n3}",),
        asks=("How much does the plumber want for the boiler?", "What does the new boiler cost?"),
        held=("What is the price of the boiler?", "Which sum did the plumber ask for?"),
        near=("The boiler suit is in the wash.", "The plumber on the radio sings well."),
    ),
    Topic(
        name="goulash", line="The secret of grandmother's goulash is a pinch of {spice}.",
        about="the goulash", accept=("{spice}",),
        asks=("What is the secret of the goulash?", "What goes into grandmother's goulash?"),
        held=("Which spice makes the goulash special?", "How does grandma season the stew?"),
        near=("Grandmother knits all day.", "It is no secret that I like pastries."),
    ),
    Topic(
        name="parking", line="I parked on level {level} right next to the {landmark}.",
        about="where the car is parked", accept=("level {level}", "{landmark}"),
        asks=("Where did I park?", "On which level did I park?"),
        held=("Where do I find the car in the garage?", "Next to what is the car standing?"),
        near=("The national park has a new ranger.", "We reached the next level of the game."),
    ),
    Topic(
        name="flight", line="Our flight to {city} was cancelled, we go on {weekday} instead.",
        about="the flight to {city}", accept=("cancelled", "{weekday}"),
        asks=("What happened to the flight to {city}?", "When do we fly to {city} instead?"),
        held=("On which day do we fly to {city} now?", "Is there a change of plans for {city}?"),
        near=("A flight of stairs leads up there.", "They cancelled my favourite series."),
    ),
    Topic(
        name="job", line="Imagine, {fname} got a job at the {employer}.",
        about="the job of {fname}", accept=("{employer}",),
        asks=("Where did {fname} get a job?", "What is the new job of {fname}?"),
        held=("Where does {fname} work from now on?", "Who hired {fname}?"),
        near=("Good job, everybody.", "It is not my job to sweep here."),
    ),
    Topic(
        name="gift", line="We are giving {fname} a {gift} for the anniversary.",
        about="the gift for {fname}", accept=("{gift}",),
        asks=("What do we give {fname} for the anniversary?", "Which present does {fname} get?"),
        held=("What is the surprise for {fname}?", "What was bought as a gift for {fname}?"),
        near=("The anniversary of the school was dull.", "We are giving up on that puzzle."),
    ),
    Topic(
        name="room", line="The budget meeting is in room {n3}.", about="the budget meeting",
        accept=("{n3}",),
        asks=("Which room is the budget meeting in?", "In what room is the budget meeting?"),
        held=("Where does the budget meeting take place?", "Which number has the meeting room?"),
        near=("There is no room for another shelf.", "That is beyond my budget."),
    ),
    Topic(
        name="alarm", line="The code of the alarm system is {n4} since today.",
        about="the alarm code", accept=("{n4}",),
        asks=("What is the code of the alarm system?", "Which alarm code was given?"),
        held=("How do I switch off the alarm system?", "What digits does the alarm need?"),
        near=("My alarm clock did not ring.", "The dress code is casual."),
    ),
    Topic(
        name="river", line="They want to build a bridge across the {river} next spring.",
        about="the bridge", accept=("{river}",),
        asks=("Across which river do they want to build a bridge?", "Where is the bridge planned?"),
        held=("Which river gets a bridge?", "What is planned for next spring?"),
        near=("Bridge is a card game for four.", "Spring cleaning can wait."),
    ),
    Topic(
        name="zh-key", line="备用钥匙在门口的{zh_pot}下面。", about="备用钥匙",
        accept=("{zh_pot}",),
        asks=("备用钥匙在哪里?",), held=("备用钥匙放在什么下面?",),
        near=("我的钥匙圈坏了。",), language="zh",
    ),
    Topic(
        name="zh-dinner", line="今天晚上我们去{zh_place}吃火锅。", about="火锅",
        accept=("{zh_place}",),
        asks=("我们去哪里吃火锅?",), held=("今晚在什么地方吃火锅?",),
        near=("晚上我不想出门。",), language="zh",
    ),
)  # fmt: skip

NEEDLE_SLOTS |= {
    "zh_pot": ("花盆", "地毯", "雨靴", "木箱"), "zh_place": ("南京路", "西湖", "火车站", "大学城"),
}  # fmt: skip

SHOWN = (
    Topic(
        name="label", line="PARCEL FOR {SURNAME} HARBOUR STREET {n2}", about="the parcel label",
        accept=("{surname}", "harbour street"),
        asks=("Which name was on the parcel label?", "What was written on the parcel?"),
        held=("Who was the parcel addressed to?", "What address did the label show?"),
        near=("LABEL PRINTER READY",),
    ),
    Topic(
        name="board", line="{CITY} 18:{n2} DELAYED", about="the departure board",
        accept=("{city}",),
        asks=("Which train was delayed on the board?", "What did the board say about a delay?"),
        held=("Which city was on the departure board?", "What was shown as delayed?"),
        near=("NOTICE BOARD",),
    ),
    Topic(
        name="invoice", line="INVOICE NUMBER {n4} DUE {WEEKDAY}", about="the invoice",
        accept=("{n4}",),
        asks=("What number was on the invoice?", "What did the invoice say?"),
        held=("Which invoice number did you read?", "When is the invoice due?"),
        near=("NUMBER PLATES SOLD HERE",),
    ),
    Topic(
        name="poster", line="LOST {PET} PLEASE CALL {n3} {n4}", about="the lost animal poster",
        accept=("{pet}", "{n4}"),
        asks=("Which animal was on the lost poster?", "What was written on the lost notice?"),
        held=("Which pet is somebody looking for?", "What number should finders call?"),
        near=("CALL WAITING",),
    ),
    Topic(
        name="vacancy", line="{SURNAME} AND SONS IS HIRING DRIVERS", about="the hiring sign",
        accept=("{surname}", "drivers"),
        asks=("Which company is hiring according to the sign?", "Who is hiring drivers?"),
        held=("What kind of staff does the sign look for?", "Which firm had a vacancy?"),
        near=("DRIVER UPDATE AVAILABLE",),
    ),
    Topic(
        name="ticket", line="RAFFLE TICKET {n4} WINS A {GIFT}", about="the raffle ticket",
        accept=("{n4}", "{gift}"),
        asks=("What does the raffle ticket win?", "What was on the raffle ticket?"),
        held=("Which prize did the raffle show?", "What was the winning number?"),
        near=("TICKET OFFICE CLOSED",),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that comes into view (label of the detector) or is heard (`sound`)."""

    name: str  # as questions call it
    label: str
    colours: tuple[str, ...] = ()
    sound: bool = False
    came: str = "come"  # verb of its coming
    in_hand: bool = False  # somebody may hold it up to the camera


THINGS = (
    Thing(name="umbrella", label="umbrella", colours=("red", "black"), came="appear", in_hand=True),
    Thing(name="suitcase", label="suitcase", colours=("blue", "brown"), came="appear"),
    Thing(name="dog", label="dog", colours=("brown", "white")),
    Thing(name="bicycle", label="bicycle", colours=("green", "red")),
    Thing(name="skateboard", label="skateboard", colours=("yellow", "blue"), came="appear"),
    Thing(name="teddy bear", label="teddy bear", colours=("pink",), came="appear", in_hand=True),
    Thing(name="cake", label="cake", colours=("white", "pink"), came="appear", in_hand=True),
    Thing(name="pizza", label="pizza", colours=("orange",), came="appear", in_hand=True),
    Thing(name="scissors", label="scissors", colours=("grey", "red"), came="appear", in_hand=True),
    Thing(name="vase", label="vase", colours=("blue", "white"), came="appear"),
    Thing(name="kite", label="kite", colours=("red", "yellow"), came="appear"),
    Thing(name="bird", label="bird", colours=("black", "white")),
    Thing(name="surfboard", label="surfboard", colours=("white",), came="appear"),
    Thing(name="tennis racket", label="tennis racket", colours=("red",), came="appear",
          in_hand=True),
    Thing(name="toothbrush", label="toothbrush", colours=("green",), came="appear", in_hand=True),
    Thing(name="hair drier", label="hair drier", colours=("purple",), came="appear", in_hand=True),
    Thing(name="frisbee", label="frisbee", colours=("red",), came="appear", in_hand=True),
    Thing(name="horse", label="horse", colours=("brown",)),
    Thing(name="doorbell", label="doorbell", sound=True, came="ring"),
    Thing(name="siren", label="siren", sound=True, came="start"),
    Thing(name="thunder", label="thunder", sound=True, came="start"),
    Thing(name="barking", label="dog barking", sound=True, came="start"),
    Thing(name="drilling", label="drilling", sound=True, came="start"),
    Thing(name="applause", label="applause", sound=True, came="start"),
)  # fmt: skip

WHEN = {
    "asks": ("When did the {thing} {came}?", "At what time did the {thing} {came}?"),
    "held": (
        "What time was it when the {thing} {came_past}?",
        "When exactly was the {thing} there?",
    ),
}
WHEN_SAID = {
    "asks": ("When did somebody talk about {about}?", "When was {about} mentioned?"),
    "held": ("At what time did {about} come up?", "When did I hear something about {about}?"),
}
HOW_LONG = {
    "asks": ("How long was the {thing} there?", "For how long did the {thing} stay?"),
    "held": (
        "How much time did the {thing} spend there?",
        "What was the length of the stay of the {thing}?",
    ),
}
HOW_MANY = {
    "asks": ("How many times did the {thing} {came}?", "How often did the {thing} {came}?"),
    "held": (
        "Count how often the {thing} {came_past}.",
        "What number of times was the {thing} there?",
    ),
}
WHICH_FIRST = {
    "asks": ("Which came first, the {a} or the {b}?", "Did the {a} come before or after the {b}?"),
    "held": ("Was the {a} there earlier than the {b}, or later?",
             "What was seen or heard first: the {a} or the {b}?"),
}  # fmt: skip
PAST = {"come": "came", "appear": "appeared", "ring": "rang", "start": "started"}
THIS = {
    "asks": ("What is this?", "What am I holding?"),
    "held": ("Do you know what this is?", "What do I have in my hand right now?"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that answers questions which name a use or a consequence, and not the thing."""

    name: str
    family: Family
    lines: tuple[str, ...]
    asks: tuple[str, ...]
    text: str = ""  # the same, as it may be read on a screen
    near: tuple[str, ...] = ()


NEEDS = (
    Need(
        name="rain", family="train",
        lines=("It is pouring out there, the gutters are overflowing.",
               "Listen to the rain on the roof, it does not stop."),
        text="HEAVY RAIN EXPECTED UNTIL TONIGHT",
        asks=("Do I need an umbrella?", "Will I get wet if I go out?", "Should I take a coat?"),
        near=("I need a new phone case.",),
    ),
    Need(
        name="fridge", family="train",
        lines=("There is nothing left to eat, I finished the last eggs.",
               "The fridge is completely empty."),
        text="SHOPPING LIST EGGS FLOUR SUGAR",
        asks=("Do I have to go to the supermarket?", "Should I buy groceries on my way?"),
        near=("The supermarket has a new car park.",),
    ),
    Need(
        name="fuel", family="train",
        lines=("The tank is almost empty, the red light is on.",),
        asks=("Can we drive far without stopping?", "Do I have to refuel the car?"),
        near=("Drive carefully, will you?",),
    ),
    Need(
        name="guest", family="train",
        lines=("My aunt arrives tonight and stays until Sunday.",),
        asks=("Should I make up the guest bed?", "Is a visitor going to sleep here?"),
        near=("The bed is by the window.",),
    ),
    Need(
        name="asleep", family="train",
        lines=("The baby has finally fallen asleep.",),
        asks=("Should I keep my voice down?", "Can I play loud music now?"),
        near=("His voice sounds like a trumpet.",),
    ),
    Need(
        name="burning", family="train",
        lines=("Something is burning in the oven, open the window!",),
        asks=("Is there anything dangerous going on?", "Was there a fire?"),
        near=("A fire sale is on at the furniture store.",),
    ),
    Need(
        name="ice", family="held-out",
        lines=("The pavement is frozen over and it is eleven below zero.",),
        text="TEMPERATURE OUTSIDE -11",
        asks=("Should I wear a warm hat and gloves?", "Is it dangerous to ride a bike outside?"),
        near=("Hats off to the organisers.",),
    ),
    Need(
        name="battery", family="held-out",
        lines=("My mobile is nearly dead, one per cent left.",),
        text="BATTERY LOW 1%",
        asks=("Does anybody need a charger?", "Should I bring the power bank?"),
        near=("He is in charge of the bank account.",),
    ),
    Need(
        name="blackout", family="held-out",
        lines=("The electricity is gone in the whole street.",),
        asks=("Do we need candles?", "Should I look for the torch?"),
        near=("The candle factory is for sale.",),
    ),
    Need(
        name="leak", family="held-out",
        lines=("Water is dripping through the ceiling onto the carpet.",),
        asks=("Do I have to call a plumber?", "Is a pipe broken somewhere?"),
        near=("Call me when you are there.",),
    ),
    Need(
        name="traffic", family="held-out",
        lines=("The motorway is closed after a crash, nothing moves.",),
        text="MOTORWAY CLOSED SEEK OTHER ROUTES",
        asks=("Will I be late if I take the car?", "Should I set off earlier than usual?"),
        near=("The usual suspects came late.",),
    ),
    Need(
        name="fever", family="held-out",
        lines=("He has a temperature of thirty nine and coughs all night.",),
        asks=("Is anybody ill?", "Should the boy stay home from school?"),
        near=("The school has a new boy band.",),
    ),
)  # fmt: skip

NEVER = {  # of things that are never planted: nothing of it is in any stream
    "asks": (
        "When did the elephant walk past?", "What did they say about the submarine?",
        "How many zebras were there?", "What colour was the fire hydrant?",
        "What is the name of the volcano?", "Who won the chess boxing title?",
        "Where is the treasure buried?", "What did the astronaut say?",
        "How long was the giraffe there?", "Which came first, the bear or the airplane?",
    ),
    "held": (
        "At what time did the boat arrive?", "What was said about the dentist in Alaska?",
        "Count how often the train was seen.", "What did the wizard promise?",
        "Which colour did the sheep have?", "What is the capital of the moon?",
        "Where did the pirate hide the map?", "When was the orchestra conducted?",
        "For how long was the cow in the picture?", "Was the snowboard there before the skis?",
    ),
}  # fmt: skip
FAMILIES: dict[Family, str] = {"train": "asks", "held-out": "held"}
