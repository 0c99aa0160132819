"""What the face reader's card says in words: what it is for, where it fails, whose pictures taught it."""

from typing import Final

from model.face import SIDE

COMMAND: Final = "python -m model.train.face --data ../shared/data"
SUMMARY: Final = (
    f"Reads the facial expression of one face: a {SIDE}x{SIDE} grey crop in, seven probabilities out (happiness, "
    "sadness, neutral, anger, surprise, disgust, fear). It names what a face shows, as other people would name it; it "
    "does not know what the person feels."
)
USE: Final = [
    "Meant for adding up the expressions of many consenting viewers into the mood of a crowd, on their own machines.",
    "Not meant for judging single persons: no hiring, schooling, policing, insurance, health or lie detection.",
    "RAF-DB, one of the training sets, is for non-commercial research only; whether weights trained on it may be "
    "used commercially is an open question, so ask someone who knows before you try.",
]
LIMITS: Final = [
    "Disgust and fear are rare in the training pictures, and their recall is the lowest: see the tables with their "
    "counts. A recall from 20 pictures is uncertain by about twenty points.",
    "The labels are what annotators saw in pictures from the web, mostly posed, of celebrities and stock models. They "
    "are opinions: even FER+'s own ten annotators often disagree, and many of the surest failures on the contact sheet "
    "are pictures whose label people could argue about.",
    "Failures seen on the contact sheet: shouting read as laughter and laughter as shouting or surprise; fear and "
    "surprise taken for each other; mild sadness and mild disgust read as neutral, in RAF-DB with great confidence; "
    "lowered eyes, and deep wrinkles at rest, read as sadness; profiles, hard shadows, sunglasses, hands at the face, "
    "and drawings.",
    "Do not count on it to travel: a plain network trained on FER+ and RAF-DB fell to an accuracy of .47 on Japanese "
    "women in a laboratory and found no anger, disgust or fear there at all. This one starts from a network that met "
    "millions of faces, and learnt from two packs more; whether it travels better was not measured. Accuracy by age, "
    "gender or skin colour was not measured either, because the packs do not name them.",
    "Resting faces are not all alike: some are read as sad or angry for as long as they rest. Compare with the "
    "person's own baseline before you draw a conclusion.",
    "Beards, masks, headsets, heads turned by more than about 45 degrees and coarse video make it worse; by how much "
    "was not measured.",
    "FER2013's and RAF-DB's persons are not named, so the same person may be in training and test with other pictures. "
    "Near-duplicates were removed beforehand.",
]
TRIED: Final = [
    "Neutral's own extra beside the prior (calm): on validation pictures the mean UAR rises from .738 to .757 at .842 "
    "and .841 accuracy, for neutral faces that stay as calm. Kept. Before it, only a larger share of the prior could "
    "calm them, which made the rare emotions rarer still.",
    "A teacher for crops of 150 pixels, 1.8 times the work, with mixed pictures (mixup), three epochs of 26,000: on "
    "framed validation pictures without their mirror images, half of the prior, mean accuracy and UAR .819 and .750, "
    "where the shipped network has .829 and .771. Averaged with the shipped network's, its logits came to between .003 "
    "less and .004 more (mean of accuracy and UAR) than the shipped network's alone (after two epochs).",
    "A student of both, half annotators and half teachers, two epochs with mixed pictures: .792 (likewise, both "
    "framings, with mirror images), where the shipped network has .799. The command trains teacher and student and "
    "keeps the better network, which was the one that knew no teacher.",
    "A weight soup of the last rounds' checkpoints: no gain. The mirror image and a temperature that follows the "
    "picture's detail: kept.",
    "Reading the same picture framed and whole instead of framed alone: .003 to .007 more (likewise) for twice the "
    "time. Not kept.",
]
CLIP: Final = (
    "The agent reads sixteen looks at their geometric median, not their mean. There is no labelled video to judge that "
    "on: the claim rests on the median's theory and on these simulated clips, sixteen jittered looks at one validation "
    "picture, of which the newest, which weigh most, are replaced. Expressions that really change are not in them, but "
    "for the delay: how many looks at another expression it takes until the label is the new one."
)
CERTAINTY: Final = (
    "On validation pictures: how often the surest answers are right when only these are kept, and crowds of 20 viewers "
    "simulated from them, with their answers weighed by a ramp on the top probability. Distance is the mean total "
    "variation between shown and true shares, leader how often the leading emotion is the true one."
)
RESTING: Final = (
    "An optional correction by how a person's face reads at rest, learnt from neutral pictures of that person and "
    "tried on the person's others. muxspace has one neutral picture a person, so it shows only the price; RAVDESS has "
    "neutral takes, read here from action units by a linear reader trained on the other actors. It stays off by "
    "default: the intervals (90 %, over people) do not show that it helps."
)
LICENCES: Final = {
    "ferplus": "pictures: FER2013, collected from the web, no explicit licence; votes: FER+, MIT",
    "rafdb": "RAF-DB: non-commercial research only, no redistribution",
    "muxspace": "labels: muxspace/facial_expressions, by a student; pictures: press photos from the web",
    "ck": "CK+: for research, on agreement with its authors",
}
TITLES: Final = {
    "ferplus": "FER+",
    "rafdb": "RAF-DB (training part)",
    "muxspace": "muxspace (training part filtered)",
    "ck": "CK+ (last frames)",
}
