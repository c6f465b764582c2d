"""The words that turn captions into questions: objects with their synonyms, colours, numbers, places, actions.

An object is *seen* when a caption says one of its words, and *absent* only when no caption says any word of its
``doubt`` list either: nobody denies a man where somebody wrote "person".
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHILD = "child children kid kids toddler toddlers baby boy boys girl girls"
_GROWN = "man men guy guys gentleman woman women lady ladies adult adults"
_ROLES = (
    "player players rider riders biker bikers skier skiers surfer surfers climber climbers snowboarder snowboarders "
    "skateboarder skateboarders runner runners hiker hikers cyclist cyclists swimmer swimmers team teams crowd couple "
    "bicyclist motorcyclist racer goalie dancer performer cowboy bride family group friends"
)
_ANY = "person people someone somebody adult adults teenager teenagers individual individuals"
_PERSON = f"{_CHILD} {_GROWN} {_ROLES} {_ANY}"

# canonical name: (words that show it, further words that leave it open)
_TABLE: dict[str, tuple[str, str]] = {
    "dog": ("dog dogs puppy puppies greyhound greyhounds poodle retriever shepherd", "animal animals"),
    "cat": ("cat cats kitten", "animal animals"),
    "horse": ("horse horses pony", "animal animals rodeo cowboy polo jockey bull"),
    "bird": ("bird birds duck ducks seagull pigeon pigeons seagulls goose geese swan", "animal animals parrot"),
    "cow": ("cow cows bull cattle", "animal animals"),
    "person": (_PERSON, "he she his her they hands hand skateboarding snowboarding surfing biking"),
    "man": ("man men guy guys gentleman", f"{_ANY} {_ROLES} male males he his"),
    "woman": ("woman women lady ladies", f"{_ANY} {_ROLES} female females she her"),
    "child": (_CHILD, f"{_ANY} {_ROLES} young son daughter he she"),
    "boy": ("boy boys", f"{_ANY} {_ROLES} child children kid kids toddler baby young son he his"),
    "girl": ("girl girls", f"{_ANY} {_ROLES} child children kid kids toddler baby young daughter woman women she her"),
    "baby": ("baby babies infant", "toddler child children kid boy girl"),
    "crowd": ("crowd crowds audience spectators", "people group parade stadium many"),
    "ball": ("ball balls basketball football volleyball softball baseball", "soccer tennis rugby game player players"),
    "frisbee": ("frisbee frisbees", "disc toy disk"),
    "stick": ("stick sticks branch", "log wood toy pole"),
    "bicycle": ("bicycle bicycles bike bikes bmx", "cyclist biker bicyclist cycling biking rider motorcycle"),
    "motorcycle": ("motorcycle motorcycles motorbike motorcyclist", "bike bikes dirt biker motocross atv rider"),
    "car": ("car cars jeep", "vehicle vehicles traffic truck street racing race road"),
    "bus": ("bus", "vehicle vehicles traffic street"),
    "truck": ("truck trucks", "vehicle vehicles car jeep"),
    "boat": ("boat boats canoe kayak raft sailboat", "ship rowing paddling paddle rafting"),
    "skateboard": ("skateboard skateboards skateboarder skateboarders skateboarding", "skate skating skater board"),
    "snowboard": ("snowboard snowboarder snowboarders snowboarding", "ski skier snow board"),
    "surfboard": ("surfboard surfboards surfer surfers surfing", "surf surfs board wave waves"),
    "sled": ("sled sleds sledding", "snow slide tube"),
    "swing": ("swing swings swinging", "playground"),
    "slide": ("slide slides", "sliding playground"),
    "trampoline": ("trampoline trampolines", "jumping"),
    "pool": ("pool pools", "swimming swim water swims"),
    "beach": ("beach shore", "sand sandy ocean sea wave waves water"),
    "ocean": ("ocean sea", "water beach wave waves surf surfer surfing shore"),
    "river": ("river stream creek", "water rapids"),
    "water": (
        "water pool ocean sea lake river pond stream wave waves puddle fountain",
        "swimming swim swims surfing surfer surfs beach splashing boat kayak wet waterfall rapids canoe raft wading",
    ),
    "snow": ("snow snowy snow-covered snowboarder snowboarding", "ski skier skiing winter ice sled mountain"),
    "ice": ("ice icy", "hockey skating snow"),
    "grass": ("grass grassy lawn", "field yard park backyard outside outdoors soccer meadow garden football"),
    "sand": ("sand sandy", "beach dirt desert shore"),
    "mountain": ("mountain mountains", "hill cliff peak rock rocks rocky climbing hiking hikers hiker climber"),
    "tree": ("tree trees", "forest woods park wooded branch outside outdoors yard jungle path trail"),
    "forest": ("forest woods wooded", "tree trees path trail"),
    "street": ("street streets road sidewalk", "city car path pavement town urban"),
    "building": ("building buildings house", "city street store church wall brick town"),
    "fence": ("fence fenced", "yard gate field"),
    "bench": ("bench benches", "sitting sits seat sit seated"),
    "bed": ("bed", "sleeping bedroom lying laying couch"),
    "table": ("table tables", "eating restaurant kitchen dinner"),
    "chair": ("chair chairs", "sitting sits seated seat sit couch"),
    "hat": ("hat hats cap caps beanie", "helmet headgear cowboy santa winter"),
    "helmet": ("helmet helmets", "hat gear bike motorcycle biker cyclist bicycle football player players cap"),
    "umbrella": ("umbrella umbrellas parasol", "rain"),
    "guitar": ("guitar guitars", "band instrument instruments music musician"),
    "camera": ("cameraman photographer", "camera picture"),
    "rope": ("rope ropes", "climbing climber harness tug leash swing"),
    "toy": ("toy toys", "ball frisbee"),
    "tent": ("tent tents", "camping"),
    "flag": ("flag flags", "parade banner"),
    "fountain": ("fountain fountains", "water sprinkler"),
    "microphone": ("microphone microphones", "singing singer stage"),
    "bridge": ("bridge bridges", "railing"),
    "kite": ("kite kites", ""),
    "train": ("train trains", "subway station tracks"),
    "flower": ("flower flowers", "garden plant plants"),
    "book": ("book books", "reading reads"),
}
OBJECTS = {name: (_words(seen), _words(doubt)) for name, (seen, doubt) in _TABLE.items()}
MASS = _words("snow water grass sand ice")

COLOURS = _words("white black red brown blue yellow green pink orange purple tan grey gray golden")
NUMBERS = {"two": "two", "three": "three", "four": "four", "five": "five"}
COUNTED = {
    "dogs": "dogs", "puppies": "dogs", "people": "people", "men": "men", "women": "women", "boys": "boys",
    "girls": "girls", "children": "children", "kids": "children", "horses": "horses", "players": "players",
}  # fmt: skip
COLOURED = _words(
    "dog ball shirt jacket hat dress coat car bike bicycle helmet pants shorts toy bird horse cat shirt swimsuit "
    "uniform sweater boat collar cap truck bus suit vest frisbee motorcycle slide scarf umbrella kayak puppy"
)
PLACES = _words(
    "beach snow water field grass street park pool lake river ocean mountain forest woods sidewalk road city air yard "
    "sand playground track hill rock dirt stage bed couch ramp bench trampoline court kitchen restaurant stadium pond "
    "puddle mud wall fountain stream sea trail path backyard slope swing lawn"
)
PREPOSITIONS = _words("in on at through near down across along over under into by inside")
ACTIONS = _words(
    "running jumping swimming sitting standing walking riding climbing sleeping eating surfing skiing dancing "
    "skateboarding snowboarding singing fighting"
)
# an action said by some leaves these open
ACTION_DOUBT = {
    "running": "runs run race racing chasing chases playing plays play chase catch walking walks jogging fetching",
    "jumping": "jumps jump leaps leaping air trick tricks midair jumped leap hops flying flies",
    "swimming": "swims swim pool water swam floating wading",
    "sitting": "sits sit seated bench chair riding couch rides rests",
    "standing": "stands stand posing poses waiting pose watching looks looking holding",
    "walking": "walks walk hiking hike running crossing stroll",
    "riding": "rides ride rider bike bicycle horse motorcycle biker cyclist skateboard",
    "climbing": "climbs climb climber climbers rock hiking scaling",
    "sleeping": "sleeps asleep lying laying resting lays",
    "eating": "eats eat food restaurant chewing biting mouth",
    "surfing": "surfs surf surfer surfboard wave",
    "skiing": "skis ski skier skiers snow",
    "dancing": "dances dance dancer dancers stage perform performing",
    "skateboarding": "skateboard skateboarder skateboards skate skater skates",
    "snowboarding": "snowboard snowboarder snowboards snow",
    "singing": "sings sing singer microphone band perform performing stage",
    "fighting": "fight fights wrestle wrestling karate playing boxing play",
}
PEOPLE = _words(_PERSON)
