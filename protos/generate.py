"""Generate Python stubs, type stubs and a descriptor image from the definitions beside this file.

`python -m protos.generate` writes protos/gen/, which is on the import path and not committed.
"""

import ast
import importlib.util
import json
import shutil
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from grpc_tools import protoc

ROOT = Path(__file__).parent
GENERATED = ROOT / "gen"
VALIDATE = "buf/validate/validate.proto"


def definitions() -> list[str]:
    """Return every definition of ours, relative to this folder."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "messaging").rglob("*.proto"))


def _validation_descriptor() -> bytes:
    """Return the descriptor of protovalidate's options.

    The wheel ships no .proto file, but its generated module holds the serialised descriptor as a bytes literal.
    """
    spec = importlib.util.find_spec("protovalidate._gen.buf.validate.validate_pb")
    if spec is None or spec.origin is None:
        raise SystemExit("protovalidate is not installed")
    for node in ast.walk(ast.parse(Path(spec.origin).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "file_desc":
            literal = node.args[0]
            if isinstance(literal, ast.Constant) and isinstance(literal.value, bytes):
                return literal.value
    raise SystemExit("protovalidate no longer carries its descriptor where it was; see protos/generate.py")


def _write_validation_set(path: Path) -> None:
    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, timestamp_pb2, field_mask_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(_validation_descriptor())
    path.write_bytes(files.SerializeToString())


def _google_types() -> str:
    """Return the folder that holds google/rpc/*.proto."""
    spec = importlib.util.find_spec("google.rpc")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("googleapis-common-protos is not installed")
    return str(Path(next(iter(spec.submodule_search_locations))).parent.parent)


def _run(*arguments: str) -> None:
    if protoc.main(["protoc", *arguments]) != 0:
        raise SystemExit("protoc refused the definitions")


def _write_reasons(image: Path, path: Path) -> None:
    """Write each ErrorReason with its comment `CODE: explanation`: running code cannot read the comments otherwise."""
    found = []
    for file in descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes()).file:
        comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for index, enum in enumerate(file.enum_type):
            if enum.name != "ErrorReason" or not file.package.startswith("messaging."):
                continue
            for position, value in enumerate(enum.value):
                # 5 and 2 are the numbers of enum_type in a file and of value in an enum.
                code, _, text = " ".join(comments[5, index, 2, position].split()).partition(": ")
                if value.number:
                    found.append({"reason": value.name.removeprefix("ERROR_REASON_"), "code": code, "text": text})
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def generate() -> None:
    """Replace protos/gen with fresh output."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    validation, google = GENERATED / "validate.binpb", GENERATED / "google.binpb"
    _write_validation_set(validation)
    _run(
        f"--proto_path={_google_types()}",
        f"--proto_path={Path(protoc.__file__).parent / '_proto'}",
        "--include_imports",
        f"--descriptor_set_out={google}",
        "google/rpc/status.proto",
    )
    # protoc takes imports from descriptors or from folders, not from both: what is foreign comes as descriptors.
    sources = [f"--descriptor_set_in={validation}:{google}", f"--proto_path={ROOT}"]
    folder = Path(sys.executable).parent
    typed = [
        f"--plugin=protoc-gen-mypy={folder / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={folder / 'protoc-gen-mypy_grpc'}",
        f"--mypy_out=quiet:{GENERATED}",
    ]
    stubs = [f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}", f"--mypy_grpc_out=quiet:{GENERATED}"]
    _run(*sources, *typed, *stubs, *definitions())
    _run(f"--descriptor_set_in={validation}", *typed, f"--python_out={GENERATED}", VALIDATE)
    image = GENERATED / "image.binpb"
    _run(*sources, "--include_imports", "--include_source_info", f"--descriptor_set_out={image}", *definitions())
    _write_reasons(image, GENERATED / "messaging" / "reasons.json")


if __name__ == "__main__":
    generate()
