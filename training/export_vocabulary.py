"""Write the names and style phrases the checks of prompts know: `python -m training.export_vocabulary`.

Every concept of the manifest with its plural and what people say as well; concepts that are held out in all styles
are names too, but the models do not know them.
"""

import json

from limner.checks.atoms.vocabulary import WEIGHTS
from training.data.captions import can_be_counted, plural, with_article, words
from training.data.manifest import read as read_manifest
from training.data.styles import STYLES


def main() -> None:
    """Write the file; `training.export_prompt_checks` writes the card over it."""
    trained: dict[str, bool] = {}
    for row in read_manifest():
        trained[row.concept] = trained.get(row.concept, False) or row.split == "train"
    said: dict[str, bool] = dict(sorted(trained.items()))
    for concept, others in words().synonyms.items():
        for other in others:
            if concept in trained:
                said.setdefault(other.lower(), trained[concept])
    document = {
        "names": [
            [one, plural(one) if can_be_counted(one) else "", with_article(one, one), is_known]
            for one, is_known in said.items()
        ],
        "style_phrases": sorted({phrase for style in STYLES.values() for phrase in style.phrases}),
    }
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[")
    (WEIGHTS / "vocabulary.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(document['names']):,} names")


if __name__ == "__main__":
    main()
