"""The contact sheet: one HTML page with every item of a release and its annotations drawn over it."""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import groupby
from pathlib import Path

from album import Album, Entry
from drawing import Palette, picture, still
from filmstrip import film
from PIL import Image
from wording import KINDS, SPRITE, Counts, count, icon, kind, size

from groundtruth.domain.annotation import Annotation
from groundtruth.domain.split import PARTITIONS

STYLE = Path(__file__).with_name("sheet.css")


def render(album: Album) -> str:
    """The page, with everything it needs inside."""
    counts = count(annotation for entry in album.entries for annotation in entry.document.annotations)
    palette = Palette.of(album.metadata.classes)
    title = escape(str(album.release.reference))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title} – contact sheet</title><style>{STYLE.read_text(encoding='utf-8')}{palette.css()}</style>"
        f"</head><body>{SPRITE}{_header(album, counts)}{_legend(counts, palette)}"
        f"<main>{''.join(_card(entry, palette) for entry in album.entries)}</main>"
        "<footer>Shapes were computed from the pixels, imported, frozen in the release, and drawn from the pulled "
        "copy on this machine.</footer></body></html>\n"
    )


def _header(album: Album, counts: Counts) -> str:
    reference = album.release.reference
    clips = sum(entry.is_video for entry in album.entries)
    facts = [
        (f"{len(album.entries) - clips}", "photos"),
        (f"{clips}", "clips"),
        (f"{sum(counts.values()):,}", "annotations"),
        (f"{len(counts)}", "classes"),
        (size(sum(entry.media.stat().st_size for entry in album.entries)), "of media"),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for value, name in facts)
    return (
        f'<header><div><p class="mark">groundtruth</p><h1>{escape(reference.identifier)} '
        f"<span>{escape(reference.release or '')}</span></h1></div><dl>{listed}</dl>{_split(album)}</header>"
    )


def _split(album: Album) -> str:
    sizes = Counter(entry.partition for entry in album.entries)
    parts = "".join(
        f'<li class="{name}" style="flex-grow:{sizes[name]}"><span>{name}</span> {sizes[name]}</li>'
        for name in PARTITIONS
        if sizes[name]
    )
    return f'<ul class="split" aria-label="Split of the items">{parts}</ul>'


def _legend(counts: Counts, palette: Palette) -> str:
    groups = []
    for name, classes in groupby(counts.items(), key=lambda pair: pair[0][1]):
        listed = "".join(
            f"<li>{icon(name, palette.key(one))}{escape(one)} <b>{number:,}</b></li>" for (one, _), number in classes
        )
        groups.append(f"<div><h2>{KINDS[name][1].capitalize()}</h2><ul>{listed}</ul></div>")
    return f'<section class="legend" aria-label="Legend">{"".join(groups)}</section>'


def _card(entry: Entry, palette: Palette) -> str:
    counts = count(entry.document.annotations)
    label = (
        f"{entry.name} with {', '.join(f'{one} ({kind(name, number)})' for (one, name), number in counts.items())}"
    )
    slot = entry.document.item.slots[0]
    facts = [f"{slot.width} × {slot.height}", size(entry.media.stat().st_size)]
    chips = ""
    if entry.is_video:
        drawn, (frames, seconds) = film(entry, palette, label)
        facts[1:1] = [f"{frames} frames", f"{seconds:.1f} s"]
    else:
        drawn, chips = _photo(entry, palette, label), _chips(counts, palette)
    return (
        f'<figure class="{"film" if entry.is_video else "photo"}">{drawn}<figcaption>{_name(entry)}'
        f'<p class="facts">{" · ".join(facts)}</p>{_badge(entry)}{chips}</figcaption></figure>'
    )


def _photo(entry: Entry, palette: Palette, label: str) -> str:
    annotations = [one for one in entry.document.annotations if isinstance(one, Annotation)]
    with Image.open(entry.media) as image:
        return f'<div class="mat">{picture(image, still(annotations, image.size, palette), label)}</div>'


def _name(entry: Entry) -> str:
    folder, _, name = entry.document.item.full_path.lstrip("/").rpartition("/")
    return f'<h3><span class="folder">{escape(folder)}/</span>{escape(name)}</h3>'


def _badge(entry: Entry) -> str:
    return f'<span class="badge {entry.partition}">{entry.partition}</span>' if entry.partition else ""


def _chips(counts: Counts, palette: Palette) -> str:
    shapes = "".join(
        f"<li>{icon(name, palette.key(one))}{escape(one)} <b>{number:,}</b></li>"
        for (one, name), number in counts.items()
        if name != "tag"
    )
    tags = "".join(f"<li>{escape(one)}</li>" for one, name in counts if name == "tag")
    return f'<ul class="shapes">{shapes}</ul><ul class="tags" aria-label="Tags">{tags}</ul>'
