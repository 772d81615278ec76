"""The training set of the small image model: where its pictures come from, and what training sees.

    python -m training.data fetch        # pinned packages, hashes verified
    python -m training.data render       # sprite files and rows in the work folder
    python -m training.data manifest     # the committed manifest
    python -m training.data attribution  # ATTRIBUTION.md
    python -m training.data check        # manifest, lists, licences and sprites agree

The work folder is `--work`, or the environment variable LIMNER_TRAINING_DIR, or
`~/.cache/limner/training`. The way of a picture: `packages` fetches, `concepts` and `names` say
what an icon shows, `sources` lists what is worth drawing, `render` draws, `build` packs, `splits`
holds out, `manifest` records. `pool`, `scenes` and `captions` make training pictures of it, and
`batches` paints them. Everything but `render` and `build` (resvg) and `batches` (torch) needs numpy
alone.
"""
