"""What files say outright: generators by the forms of their parameters, programs, cameras, IPTC's source types."""

from __future__ import annotations

import json

import pytest

from forensictransfer.data.image_file import ImageFile
from forensictransfer.inference.provenance import examine
from forensictransfer.inference.provenance.examine import provenance_of
from forensictransfer.inference.provenance.programs import kind_of_program
from forensictransfer.inference.provenance.source_types import DIGITAL_SOURCE_TYPES, in_words
from forensictransfer.results.formats.inspection import ProvenanceFinding
from tests.tagged import chunk, encoded, exif, jpeg, png, segment, text, xmp

WEB_UI = "a cat\nNegative prompt: a dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
COMFY = json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 1}}})


def found(content: bytes, what: str = "") -> list[ProvenanceFinding]:
    return [one for one in provenance_of(ImageFile(content)) if one.what == what or not what]


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        ({"parameters": WEB_UI}, "Stable Diffusion web UI"),
        ({"parameters": json.dumps({"sui_image_params": {"prompt": "a"}})}, "SwarmUI"),
        ({"prompt": COMFY}, "ComfyUI"),
        ({"workflow": json.dumps({"nodes": [], "links": []})}, "ComfyUI"),
        ({"sd-metadata": "{}"}, "InvokeAI"),
        ({"Dream": '"a cat" -s 50 -S 1'}, "InvokeAI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"fooocus_scheme": "fooocus", "parameters": '{"prompt": "a"}'}, "Fooocus"),
        ({"Software": "NovelAI", "Comment": '{"prompt": "a", "steps": 28}'}, "NovelAI"),
        ({"negative_prompt": "a", "use_stable_diffusion_model": "sd"}, "Easy Diffusion"),
        ({"generation_data": '{"prompt": "a"}'}, "TensorArt"),
        ({"Description": "a cat --v 6 Job ID: 1b2c"}, "Midjourney"),
    ],
)
def test_parameters_of_generators_are_known_by_their_form(texts: dict[str, str], form: str) -> None:
    for content in (png(texts), png(texts, packed=True)):
        one = found(content, "generator")[0]
        assert f"in the form of {form}" in one.words and one.source == "PNG text"
        assert one.strength == "stated by the file, unsigned" and "proves nothing" in one.limits


@pytest.mark.parametrize(
    "texts", [{"Comment": "Steps: up the hill"}, {"prompt": "hello"}, {"Description": "a cat"}, {"parameters": "x = 1"}]
)
def test_other_texts_are_no_parameters(texts: dict[str, str]) -> None:
    assert not found(png(texts))


def test_parameters_of_more_than_a_megabyte_are_found() -> None:
    graph = json.dumps({str(node): {"class_type": "Note", "inputs": "x" * 1000} for node in range(2_000)})
    (one,) = found(png({"prompt": graph}), "generator")
    assert "ComfyUI" in one.words and "2,0" in one.words and len(one.words) < 250


def test_parameters_are_found_in_exif_and_xmp() -> None:
    comment = b"UNICODE\0" + WEB_UI.encode("utf-16-be")
    (one,) = found(jpeg(exif(photo=[(37510, 7, len(comment), comment)])), "generator")
    assert "Stable Diffusion web UI" in one.words and one.source == "EXIF"
    (one,) = found(jpeg(exif([text(271, "Workflow:{}"), text(272, f"prompt:{COMFY}")])))
    assert "ComfyUI" in one.words
    packet = xmp('<exif:UserComment>{"c": "a", "v2": {}, "sampler": 1}</exif:UserComment>')
    (one,) = found(jpeg(packets=[packet]), "generator")
    assert "Draw Things" in one.words and one.source == "XMP"
    (one,) = found(jpeg(more=segment(0xFE, WEB_UI.encode())), "generator")
    assert one.source == "comment"


def test_programs_are_listed_once_with_what_they_are_known_for() -> None:
    packet = xmp(
        "<xmp:CreatorTool>GIMP 2.10</xmp:CreatorTool><m:History><rdf:Seq>"
        '<rdf:li v:softwareAgent="Toy 1"/></rdf:Seq></m:History>'
    )
    programs = found(jpeg(exif([text(305, "GIMP 2.10")]), [packet]), "software")
    assert [(one.source, one.words) for one in programs] == [
        ("EXIF and XMP", "program 'GIMP 2.10', known to edit pictures"),
        ("XMP history", "program 'Toy 1'"),
    ]
    many = "".join(f'<rdf:li v:softwareAgent="Toy {n}"/>' for n in range(20))
    assert (
        found(jpeg(packets=[xmp(f"<m:History><rdf:Seq>{many}</rdf:Seq></m:History>")]))[-1].words == "12 more programs"
    )
    (credit,) = found(jpeg(packets=[xmp("<photoshop:Credit>Made with Google AI</photoshop:Credit>")]))
    assert credit.what == "generator" and credit.source == "XMP credit"
    system = "<e:AISystemUsed>Toy AI</e:AISystemUsed><e:AIPromptInformation>a cat</e:AIPromptInformation>"
    assert [one.words for one in found(jpeg(packets=[xmp(system)]))] == [
        "a prompt for a generator: 'a cat'",
        "program 'Toy AI'",
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Adobe Photoshop 25.0 (Windows)", "known to edit pictures"),
        ("Adobe Firefly", "known to generate pictures"),
        ("DALL·E 3", "known to generate pictures"),
        ("Digital Camera FinePix40i Ver1.39", ""),
        ("Ver.1.02", ""),
        ("Groklaw", ""),
    ],
)
def test_names_of_programs_are_whole_words(name: str, kind: str) -> None:
    assert kind_of_program(name) == kind


def test_source_types_are_explained() -> None:
    place = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    (one,) = found(jpeg(packets=[xmp(f"<e:DigitalSourceType>{place}</e:DigitalSourceType>")]))
    assert one.what == "digital-source-type" and "a part is generated" in one.words
    assert all(in_words(f"https://x.org/{name}/") == f"{name}: {said}" for name, said in DIGITAL_SOURCE_TYPES.items())
    assert "no term" in in_words("http://x.org/other")


def test_the_camera_is_named_with_its_date() -> None:
    block = exif([text(271, "NIKON"), text(272, "NIKON D70")], [text(36867, "2009:01:06 14:24:07")])
    (one,) = found(jpeg(block), "camera")
    assert one.words == "camera 'NIKON D70', taken '2009:01:06 14:24:07'" and one.source == "EXIF"
    (one,) = found(jpeg(packets=[xmp("<tiff:Make>A</tiff:Make><tiff:Model>B</tiff:Model>")]))
    assert one.words == "camera 'A B'"


def test_a_file_without_metadata_has_no_finding_and_a_damaged_one_says_so() -> None:
    assert not found(encoded("JPEG")) and not found(encoded("BMP"))
    (one,) = found(png(more=chunk(b"iTXt", b"damaged")))
    assert one.what == "metadata" and "left out" in one.words


def test_what_a_file_says_stays_in_the_line_of_its_finding() -> None:
    key = png(more=chunk(b"tEXt", b'a\nb\0{"sui_image_params": 1}'))
    date = jpeg(exif([text(306, "a\nb")]))
    kind = jpeg(packets=[xmp("<e:DigitalSourceType>a&#10;b</e:DigitalSourceType>")])
    for content in (key, date, kind):
        (one,) = found(content)
        assert "'a b'" in one.words and "\n" not in one.words


def test_what_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr(examine, "date_findings", fail)
    one, camera = found(jpeg(exif([text(272, "IXUS")])))
    assert "RuntimeError" in one.words and camera.what == "camera"
