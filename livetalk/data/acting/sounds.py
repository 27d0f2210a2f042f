"""Mouth targets of each of Kokoro's sounds, and how strongly it insists on them.

Data only; visemes.py blends them over time. Targets are ARKit weights of an average speaker.
"""

_OPEN = (1.0, 0.7, 0.3)  # dominances of open, round and tongue for a plain vowel
_ROUND = (1.0, 1.6, 0.3)
_WEAK = (0.45, 0.12, 0.3)  # the lips are free: h, k, g
_TIP = (0.9, 0.2, 0.8)  # tongue tip: t, d, n, l
_TEETH = (1.9, 0.35, 0.8)  # teeth together: s, z
_LIPS = (1.3, 0.15, 0.8)  # both lips: m, b, p
_LIP = (2.2, 0.25, 0.8)  # lower lip to the upper teeth: f, v
_CHEEKS = (1.5, 2.4, 0.8)  # protruded: sh, zh, ch, j
_GLIDE = (1.6, 3.0, 0.5)  # w

# What each sound asks of the mouth: symbols -> (dominances, targets on the axes). Values are ARKit weights.
TARGETS: dict[str, tuple[tuple[float, ...], dict[str, float]]] = {
    "ɑ": (_OPEN, {"jaw": 0.54, "lower": 0.25, "upper": 0.05}),
    "aɐɒ": (_OPEN, {"jaw": 0.50, "lower": 0.28, "upper": 0.08, "stretch": 0.08}),
    "æ": (_OPEN, {"jaw": 0.48, "lower": 0.35, "upper": 0.18, "stretch": 0.25, "smile": 0.10}),
    "ʌ": (_OPEN, {"jaw": 0.40, "lower": 0.25, "upper": 0.06}),
    "ə": (_OPEN, {"jaw": 0.25, "lower": 0.20, "upper": 0.06}),
    "ᵊᵻɨ": ((0.8, 0.4, 0.3), {"jaw": 0.20, "lower": 0.18, "upper": 0.06, "stretch": 0.10}),
    "ɜɚɤ": (_ROUND, {"jaw": 0.26, "funnel": 0.24, "pucker": 0.18, "lower": 0.15}),
    "ɛ": (_OPEN, {"jaw": 0.38, "lower": 0.32, "upper": 0.14, "stretch": 0.25, "smile": 0.08}),
    "e": (_OPEN, {"jaw": 0.30, "lower": 0.35, "upper": 0.16, "stretch": 0.34, "smile": 0.12}),
    "ɪ": (_OPEN, {"jaw": 0.22, "lower": 0.32, "upper": 0.16, "stretch": 0.34, "smile": 0.12}),
    "i": (_OPEN, {"jaw": 0.16, "lower": 0.38, "upper": 0.22, "stretch": 0.50, "smile": 0.20}),
    "ɔ": (_ROUND, {"jaw": 0.40, "funnel": 0.42, "pucker": 0.15, "lower": 0.10}),
    "oøœ": (_ROUND, {"jaw": 0.30, "funnel": 0.40, "pucker": 0.38}),
    "ʊɯ": (_ROUND, {"jaw": 0.20, "funnel": 0.22, "pucker": 0.50}),
    "uyʏ": (_ROUND, {"jaw": 0.15, "funnel": 0.16, "pucker": 0.80}),
    "wɥ": (_GLIDE, {"jaw": 0.10, "funnel": 0.10, "pucker": 0.90}),
    "ɹrɻɽʁ": ((1.0, 1.7, 0.5), {"jaw": 0.17, "funnel": 0.30, "pucker": 0.32, "lower": 0.14}),
    "jʝç": ((0.9, 0.5, 0.5), {"jaw": 0.14, "lower": 0.28, "upper": 0.12, "stretch": 0.36, "smile": 0.12}),
    "lʎ": (_TIP, {"jaw": 0.23, "lower": 0.26, "upper": 0.10, "tongue": 0.06}),
    "tdɾʈɖʔ": (_TIP, {"jaw": 0.12, "lower": 0.24, "upper": 0.10, "stretch": 0.10}),
    "nɳɲɴ": (_TIP, {"jaw": 0.14, "lower": 0.22, "upper": 0.08, "stretch": 0.06}),
    "szʣʦ": (_TEETH, {"jaw": 0.08, "lower": 0.40, "upper": 0.22, "stretch": 0.34}),
    "ʃʒʧʤʂɕʥʨ": (_CHEEKS, {"jaw": 0.12, "funnel": 0.52, "pucker": 0.22, "lower": 0.12}),
    "θð": ((1.4, 0.3, 2.5), {"jaw": 0.17, "lower": 0.26, "upper": 0.12, "tongue": 0.22}),
    "kɡgxɣqcɟχŋɰ": (_WEAK, {"jaw": 0.18, "lower": 0.20, "upper": 0.08}),
    "h": ((0.3, 0.1, 0.3), {"jaw": 0.27, "lower": 0.20}),
    "m": (_LIPS, {"jaw": 0.04, "press": 0.30, "roll_lower": 0.10, "seal": 1.0}),
    "bpβɸ": (_LIPS, {"jaw": 0.06, "press": 0.38, "roll_lower": 0.22, "roll_upper": 0.12, "seal": 1.0}),
    "fvʋ": (_LIP, {"jaw": 0.07, "upper": 0.24, "roll_lower": 0.48, "stretch": 0.10, "seal": 0.62}),
}
DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ"}
STRESS = {"ˈ": 1.0, "ˌ": 0.5}
PROLONGS = "ːʰʲ̃"  # marks that belong to the sound before them
VOWELS = frozenset("ɑaɐɒæʌəᵊᵻɨɜɚɤɛeɪiɔoøœʊɯuyʏAIOWYQ")
BILABIALS = frozenset("mbpβɸ")
