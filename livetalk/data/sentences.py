"""Sentence generator: an endless, deterministic source of English sentences for the voices to speak.

Patterns of everyday talk (greetings, questions, plans, numbers, lists, exclamations, explanations, replies of
an assistant) are filled from vocabularies chosen to visit every English phoneme, lips closing often. Patterns
and slot words of the held-out half never occur in the other one. Knows words only, no sound.
"""

import re

import numpy as np


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


# Slot words. The last fifth of each list is held out.
WORDS: dict[str, tuple[str, ...]] = {
    "name": _words(
        "Bob|Emma|Pamela|Mr. Baker|Sophie|Victor|Amy|Thomas|Maria|Ben|Abby|Joyce|Mrs. Palmer|George|Fiona|Philip|"
        "Zoe|Ruth|Dr. Webb|Hugh|Paul|Barbara|Mike|Bella|Yusuf|Molly|Wally|Leo|Ivan|Phoebe"
    ),
    "food": _words(
        "apple pie|mushroom soup|a bowl of pasta|fish and chips|blueberry jam|garlic bread|peppermint tea|"
        "strawberry ice cream|boiled eggs|pumpkin curry|a cheese sandwich|brown rice|beef stew|fresh figs|"
        "a pot of coffee|oatmeal with honey|roast lamb|vegetable pie|a cup of milk|maple syrup|plum cake|"
        "potato salad|buttered popcorn|a poppy seed bagel|beetroot juice"
    ),
    "place": _words(
        "the park|the museum|a bookshop in Boston|the old harbour|my grandmother's house|the bus stop|Paris|"
        "the top of the hill|a village by the sea|the office|the public library|a farm in Vermont|"
        "the fish market|Birmingham|the swimming pool|the mountain path|our garage|the theatre|a small bakery|"
        "the botanical garden|Mumbai|the opera house|a beach in Bali|the lighthouse"
    ),
    "thing": _words(
        "umbrella|blue jacket|phone|bicycle|map|guitar|lamp|paper box|piano|backpack|camera|photo album|"
        "toothbrush|measuring tape|garden chair|vase|rubber boot|wooden spoon|microphone|zipper|pillow|bath towel|"
        "jigsaw puzzle|treasure chest|bubble machine|thermos|violin|broom"
    ),
    "animal": _words(
        "puppy|brown bear|parrot|rabbit|white horse|baby elephant|frog|sheep|pigeon|tiger|bumblebee|whale|fox|"
        "goose|lamb|beaver|leopard|zebra|hippo|wombat"
    ),
    "adj": _words(
        "beautiful|very simple|amazing|a bit boring|possible|huge|impossible to forget|warm|rather strange|"
        "perfect|unusual|absolutely brilliant|cheap|comfortable|rough|terribly loud|measured|joyful|cosy|"
        "surprisingly smooth|bumpy|awfully vague|magnificent"
    ),
    "feel": _words(
        "happy|a bit nervous|proud|sleepy|calm|hopeful|so sorry|very pleased|furious|curious|worried|thrilled|"
        "puzzled|brave|bewildered|overjoyed"
    ),
    "verb": _words(
        "move the table|build a boat|repair the pump|buy a map|paint the room|measure the path|call my mother|"
        "prepare for the exam|practise the piano|bring some warm clothes|plan a birthday party|feed the birds|"
        "wash the dishes|learn a few verbs|watch the show|fetch the laundry|shape the clay|vote before noon|"
        "improve the map|pick some plums|wrap a big parcel|jump over the fence|borrow a thick book|"
        "whisper the poem"
    ),
    "doing": _words(
        "moving to a bigger place|baking bread|mapping the problem|playing chess|hiking up a mountain|"
        "writing a poem|jumping rope|fishing with my father|watching the moon|shopping for boots|"
        "building a web page|speaking in public|mopping the floor|choosing a path|helping my brother|"
        "humming a tune|climbing apple trees|polishing the silver|remembering names|breathing deeply"
    ),
    "topic": _words(
        "the weather|your vision|public transport|football|computers|the meaning of the poem|modern music|"
        "bees and butterflies|the price of petrol|space travel|my job|healthy breakfast|maps|the best movies|"
        "photography|deep sea creatures|family recipes|chemistry|birthday presents|television|volcanoes|"
        "bumper crops|jazz"
    ),
    "when": _words(
        "tomorrow|this afternoon|before lunch|on Friday|in February|next week|at about five|after the show|"
        "every morning|in the middle of the night|on the fifth of March|at 7:30|in the summer of 1996|"
        "at half past nine|once a month|by the end of October|last Wednesday|in September"
    ),
    "number": _words(
        "3|12|47|100|256|5|19|36|1,500|72|8|2.5|640|90|15|11|7,000|53|68|24"
    ),
    "job": _words(
        "a plumber|the mayor|a famous pianist|my boss|a physicist|the postman|a teacher|an old farmer|the chef|"
        "a movie producer|the vet|a shepherd|a beekeeper|the bishop|a web developer|a lifeguard"
    ),
    "manner": _words(
        "very slowly|by mistake|without a map|with both hands|as usual|in a rush|with a smile|for the moment|"
        "on purpose|if possible|from above|just for fun|step by step|beyond measure|with great pleasure"
    ),
    "wow": _words("Wow|Oh my|Bravo|Amazing|Oops|Brilliant|Hooray|Whoa|My goodness|Perfect|Superb|Blimey"),
    "yes": _words(
        "Yes|No|Maybe|Of course|Well|Sure|Hmm|All right|Absolutely|Oh|Honestly|Probably|By the way|"
        "Between you and me|Indeed|Presumably"
    ),
}  # fmt: skip

PATTERNS = (
    "Hello {name}, how are you {when}?",
    "Good morning everybody, my name is {name}.",
    "Hi there! I am {feel} to meet you.",
    "Welcome back, {name}, please make yourself at home.",
    "Thank you very much for the {thing}.",
    "Have you ever been to {place}?",
    "What do you think about {topic}?",
    "Why did the {animal} jump over the {thing}?",
    "Where can I find {job} near {place}?",
    "Could you please {verb} {when}?",
    "Who told {name} about {topic}?",
    "Do you prefer {food} or {food}?",
    "Would you mind if we {verb} {manner}?",
    "How much is the {thing}, about {number} dollars?",
    "Is it {adj}, or am I just {feel}?",
    "{yes}, I would love to {verb}.",
    "{yes}, that sounds {adj} to me.",
    "{yes}, but {name} is {doing} at the moment.",
    "{yes}, we have {number} of them left.",
    "{wow}! That is {adj}!",
    "{wow}, look at that {animal}!",
    "What a {thing}! I have never seen one like that.",
    "Stop it, {name}, you are making me {feel}!",
    "Please don't {verb} without me!",
    "I bought {food}, {food} and a {thing}.",
    "We need a {thing}, a {thing}, and {number} paper cups.",
    "My brother met {job} and {job} at {place}.",
    "There are {number} people and {number} boxes in {place}.",
    "The number is {number}, not {number}.",
    "It costs {number} pounds, which is {adj}.",
    "The bus leaves {when}, so please be on time.",
    "The temperature will be about {number} degrees {when}.",
    "I think {topic} can be {adj}, but it depends.",
    "Personally, I prefer {doing} to {doing}.",
    "If you want to {verb}, you should ask {name} first.",
    "When I was young, my mother used to give me {food} {when}.",
    "Because of the rain, we could not {verb} at {place}.",
    "First we {verb}, then we {verb}, and after that we rest.",
    "Let me explain how {topic} works, {manner}.",
    "Imagine a {animal} sitting {manner} on top of a {thing}.",
    "{name} says that {doing} makes people {feel}.",
    "{name} wants to {verb} with {job} {when}.",
    "My favourite thing about {place} is {food}.",
    "Maybe we should {verb} before we talk about {topic}.",
    "The {animal} behind the {thing} belongs to {name}.",
    "Nobody knows why {job} would {verb} {when}.",
    "I am afraid the {thing} is broken, but we can fix it.",
    "You must remember to {verb}, or we will be late.",
    "I have been {doing} since {number} o'clock.",
    "She placed the {thing} above the fire {manner}.",
    "Both of them thought the {animal} was {adj}.",
    "They moved from {place} to {place} {when}.",
    "Bring me the big {thing}, please, and put it by the door.",
    "As far as I know, {job} lives in {place}.",
    "It is {adj}, it is {adj}, and it is yours.",
    "Tell me a bit more about {topic}, if you have time.",
    "Happy birthday, {name}! We made {food} for you.",
    "Be careful with the {thing}, it may be {adj}.",
    "We were {doing} when {name} came home {when}.",
    "A good map helps more than {number} photographs of {place}.",
    "My goodness, {name}, did you really {verb} {manner}?",
    "The problem with {doing} is that it makes me {feel}.",
    "Oh, I see what you mean: {topic} is about people.",
    "I will be back {when}, so wait for me by the {thing}.",
    "Whatever happens, try to {verb} {manner}.",
    "Up, up and away, said the {animal} to the {animal}.",
    "Five big boys bought {number} pairs of purple boots.",
    "You could {verb}, or we could both go to {place}.",
    "The film about {job} begins {when}.",
    "Above all, {doing} should be {adj}.",
    "I usually have {food} with {name}, unless I am {feel}.",
    "Peter Piper picked a peck of pickled peppers for {name}.",
    "She sells sea shells by the sea shore {when}.",
    "How many {animal} pictures did you take at {place}?",
    "Can we talk about {topic} instead of {topic}?",
    "That is my {thing}, this is your {thing}, and those are for {name}.",
    "Nothing beats {food} after {doing}.",
    "In my opinion, {name} should {verb} {when}.",
    "Just between us, I feel {feel} about {doing}.",
    "Give me {number} minutes and I will {verb} for you.",
    "Our meeting about {topic} was moved to {place}.",
    "Bye for now, {name}, see you {when}!",
    "Mmm, {food}! May I have some more?",
    "He thought about {topic} with both eyes shut.",
    "The judge gave {job} a large orange {thing}.",
    "Usually the vision is {adj}, and the measure is exact.",
)
HELD_OUT_PATTERNS = (
    "Nice to see you again, {name}, did you sleep well?",
    "Shall we {verb}, or would you rather stay in {place}?",
    "I wonder whether {job} would ever try {doing}.",
    "{wow}! Nobody told me that {topic} could be so {adj}.",
    "{yes}, my answer has always been the same.",
    "Every {animal} in {place} seems to be {feel} {when}.",
    "Pack the {thing}, grab some {food}, and meet us outside.",
    "Roughly {number} visitors came to {place} {when}.",
    "Sometimes {name} speaks {manner}, and everybody listens.",
    "Here is the thing: {doing} takes patience.",
    "Which one is yours, the {thing} or the {animal}?",
    "People who love {topic} often feel {feel} afterwards.",
    "Mum always keeps {food} behind the {thing}.",
    "Perhaps {number} is enough, perhaps it is not.",
    "You look {feel}, {name}; may I offer you {food}?",
    "Far above the clouds, {job} was {doing}.",
)
HELD_OUT_SHARE = 5  # one word in five of each slot is held out


def vocabulary(slot: str, held_out: bool = False) -> tuple[str, ...]:
    """Words of a slot: the last fifth where `held_out`, else the rest."""
    words = WORDS[slot]
    cut = len(words) - len(words) // HELD_OUT_SHARE
    return words[cut:] if held_out else words[:cut]


def sentence(rng: np.random.Generator, held_out: bool = False) -> str:
    """One sentence, capitalised and punctuated. Held-out patterns and slot words are disjoint from the others."""
    patterns = HELD_OUT_PATTERNS if held_out else PATTERNS
    used: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        words = [word for word in vocabulary(match[1], held_out) if word not in used]
        word = words[rng.integers(len(words))]
        used.add(word)
        return word

    text = re.sub(r"\{(\w+)\}", fill, patterns[rng.integers(len(patterns))])
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO])", r"\1n ", text)
    return text[0].upper() + text[1:]


def sentences(seed: int, count: int, held_out: bool = False) -> list[str]:
    """`count` sentences, the same for the same seed."""
    rng = np.random.default_rng([seed, int(held_out)])
    return [sentence(rng, held_out) for _ in range(count)]
