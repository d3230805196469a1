"""Gene names for simulated tissue: known marker symbols first, then plausible family members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

# Well-known mouse symbols, so that a reader of the built-in atlas recognises its organs.
MARKERS: dict[str, str] = {
    "Forebrain": "Foxg1 Emx2 Lhx2 Six3 Dlx1 Dlx2 Tbr1 Neurod6 Otx2 Pax6 Sox1",
    "Hindbrain": "Hoxa2 Hoxb1 Egr2 Mafb Atoh1 Gbx2 En2 Phox2b Zic1 Sox2",
    "Neural tube": "Olig2 Nkx6-1 Pax3 Pax7 Neurog2 Dbx1 Irx3 Mnx1 Isl1",
    "Atrium": "Myh6 Nppa Sln Kcna5 Nr2f2 Tbx5 Myl4 Bmp10 Myl7",
    "Ventricle": "Myh7 Myl2 Myl3 Irx4 Hey2 Nppb Pln Mpped2 Hand1",
    "Somites": "Myf5 Myod1 Meox1 Meox2 Tcf15 Uncx Pax1 Tbx18",
    "Gut": "Foxa2 Cdx2 Shh Epcam Cldn6 Sox17 Krt8 Krt18 Spink1",
    "Liver": "Alb Afp Apoa1 Ttr Hnf4a Fgb Serpina1a Trf Apoa2",
    "Limb bud": "Prrx1 Tbx4 Hoxd13 Hoxa13 Fgf8 Lmx1b Hand2 Msx1",
    "Primitive streak": "T Mixl1 Eomes Fgf4 Nodal Evx1 Wnt3 Cdx1 Lefty2",
    "Mesenchyme": "Col1a1 Col1a2 Col3a1 Pdgfra Twist1 Vim Lum Postn Dcn",
    "Proliferation": "Mki67 Top2a Ccnb1 Cdk1 Mcm3 Pcna Birc5 Aurkb Tyms",
    "Maturation": "Igf1 Igfbp5 Sparc Mgp Cd63 Ftl1 Gpx3 Clu Bnip3",
    "Anterior axis": "Aldh1a2 Dkk1 Cer1 Hhex Fst Frzb Sfrp1 Sfrp5",
    "Housekeeping": "Actb Gapdh Eef1a1 Tuba1a Ubb Ppia Hsp90ab1 Eif4a1",
}
FAMILIES: tuple[str, ...] = (
    "Slc{}a{}",
    "Zfp{}",
    "Rpl{}",
    "Rps{}",
    "Ccdc{}",
    "Tmem{}",
    "Fam{}b",
    "Cyp{}b{}",
    "Psma{}",
    "Znrf{}",
    "Ankrd{}",
    "Rnf{}",
    "Mrpl{}",
    "Arhgap{}",
    "Ppp{}r{}",
)


def name_genes(
    owners: Sequence[str], rng: np.random.Generator, markers: Mapping[str, str] = MARKERS
) -> tuple[list[str], list[str]]:
    """Names and stable identifiers of genes, given the programme each gene belongs to.

    `markers` holds the symbols known for each programme, divided by blanks.

    Identifiers begin with ENSSIMG, a species code that no real species has, so that they cannot
    be taken for those of a real genome.
    """
    known = {programme: iter(names.split()) for programme, names in markers.items()}
    invented = _invented(rng)
    names = []
    for programme in owners:
        name = next(known.get(programme, iter(())), None)
        names.append(name if name is not None else next(invented))
    return names, [f"ENSSIMG{index:011d}" for index in range(1, len(names) + 1)]


def _invented(rng: np.random.Generator) -> Iterator[str]:
    seen = {name for names in MARKERS.values() for name in names.split()}
    while True:
        family = FAMILIES[int(rng.integers(len(FAMILIES)))]
        numbers = (int(n) for n in rng.integers(1, 300, family.count("{}")))
        name = family.format(*numbers)
        if name not in seen:
            seen.add(name)
            yield name
