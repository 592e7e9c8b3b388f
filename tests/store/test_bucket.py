"""A lake in a bucket is replayed, swept and warehoused where it is, and results go there, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store.served import SECRET, bucket_served, client, objects, upload

from keep3r_replay import data, open_lake
from keep3r_replay.errors import LockedError, UsageError
from keep3r_replay.lake.bucket import BucketPath, location
from keep3r_replay.lake.staging import content_of, fetch, publish
from keep3r_replay.replay.results import is_results
from pipelines.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LAKE = data.__path__[0] + "/sample/lake"


@pytest.fixture(scope="module")
def served() -> Iterator[None]:
    """The bundled sample in a bucket."""
    with pytest.MonkeyPatch.context() as patch, bucket_served(patch):
        upload(Path(LAKE), "sample")
        yield


def files(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_results_in_a_bucket_are_those_on_a_disk(served, tmp_path, capsys, monkeypatch):
    """A replay from and to a bucket, in one go and gone on with, leaves the bytes of one from and to folders."""
    monkeypatch.chdir(tmp_path)
    last = open_lake(LAKE).manifest.coverage.to_block
    assert main(["replay", "lake=s3://lakes/sample", "results=s3://lakes/out/r", f"until_block={last - 50}"]) == 0
    assert main(["replay", "lake=s3://lakes/sample", "results=s3://lakes/out/r"]) == 0
    told = capsys.readouterr()
    assert "results   s3://lakes/out/r" in told.out
    assert "replayed  after block" in told.out
    assert main(["replay", f"lake={LAKE}", "results=here"]) == 0
    assert objects("out/r") == files(tmp_path / "here")
    shown = "".join(told) + "".join(map(repr, objects("out/r").values()))
    assert SECRET not in shown
    assert "127.0.0.1" not in shown
    assert "/keep3r-" not in told.out
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_a_sweep_reads_and_writes_a_bucket(served, engine, tmp_path, capfd):
    """Workers read the lake in its bucket; what was run is there, and is not run again."""
    asked = ["replay", "-m", "overlay.fee=1,2", f"engine={engine}", "workers=1", "until_block=300"]
    assert main([*asked, "lake=s3://lakes/sample", f"results=s3://lakes/swept-{engine}"]) == 0
    assert main([*asked, f"lake={LAKE}", f"results={tmp_path}/here"]) == 0
    there, here = objects(f"swept-{engine}"), files(tmp_path / "here")
    assert there == here
    capfd.readouterr()
    assert main([*asked, "lake=s3://lakes/sample", f"results=s3://lakes/swept-{engine}"]) == 0
    assert "0 run, 2 from earlier runs" in capfd.readouterr().out


def test_a_warehouse_carries_the_rows_of_a_bucket(served, tmp_path, capsys):
    """What a bucket holds is asked in a warehouse with its tables, and one of views says that it cannot follow."""
    assert main(["replay", "lake=s3://lakes/sample", "results=s3://lakes/booked", "ledger=true"]) == 0
    asked = ["warehouse", "lake=s3://lakes/sample", "results=s3://lakes/booked", f"database={tmp_path}/w.duckdb"]
    assert main(asked) == 2
    assert main([*asked, "tables=true"]) == 0
    capsys.readouterr()
    assert main(["sql", f"database={tmp_path}/w.duckdb", "query=select count(*) from raw.logs", "format=csv"]) == 0
    assert capsys.readouterr().out.split()[-1] == str(open_lake(LAKE).scan("logs").collect().height)


@pytest.mark.parametrize(
    "command",
    [
        ["extract", "deployment=local"],
        ["update", "deployment=local", "results=r"],
        ["prove", "anchor=0x"],
        ["verify"],
        ["join", "parts=[a]"],
        ["simulate", "scenario=mining"],
        ["import", "recording=x"],
    ],
)
def test_what_cannot_work_on_a_bucket_refuses_in_one_line(command, capsys):
    """A command that writes a lake, or proves one, takes no bucket."""
    assert main([*command, "lake=s3://lakes/sample"]) == 2
    assert capsys.readouterr().err == (
        "keep3r: error: lake is a URL: only files and folders of this machine can be read and written\n"
    )


def test_no_half_is_ever_whole(served, tmp_path):
    """Wherever a run is killed as it puts results back, the bucket holds the former ones, the new ones, or none."""
    new, old = tmp_path / "new", tmp_path / "old"
    make_results(old, {"gone.parquet": b"1", "same.parquet": b"2", "table/0.parquet": b"3"})
    make_results(new, {"more.parquet": b"4", "same.parquet": b"2", "table/0.parquet": b"5", "table/1.parquet": b"6"})
    place = BucketPath("s3:", "lakes", "killed")
    for step in range(100):
        upload_anew(old)
        former = fetch(place, tmp_path / f"fetched{step}")
        write, left = BucketPath.write_bytes, [step]

        def dying(path, content, write=write, left=left):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return write(path, content)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BucketPath, "write_bytes", dying)
            try:
                publish(new, place, former)
            except KeyboardInterrupt:
                done = False
            else:
                done = True
        there = objects("killed")
        whole = "files" in json.loads(there["manifest.json"])
        assert not whole or there in (files(old), files(new)), step
        assert is_results(place)
        if done:
            assert there == files(new)
            return
        # What was left is gone on from as any other former results.
        publish(new, place, fetch(place, tmp_path / f"again{step}"))
        assert objects("killed") == files(new)
    pytest.fail("never ended")


def make_results(folder: Path, tables: dict[str, bytes]) -> None:
    """A folder that is taken for results, with files of some content."""
    (folder / "table").mkdir(parents=True)
    for name, content in tables.items():
        (folder / name).write_bytes(content)
    told = {"kind": "keep3r results", "files": {key: {} for key in sorted(tables)}}
    (folder / "manifest.json").write_text(json.dumps(told))


def upload_anew(folder: Path) -> None:
    """Make the bucket's results those of a folder."""
    for key in objects("killed"):
        client().delete_object(Bucket="lakes", Key=f"killed/{key}")
    upload(folder, "killed")


def test_two_writers_do_not_mix(served, tmp_path):
    """Results that somebody else has replaced in the meantime are not written over."""
    (tmp_path / "manifest.json").write_text('{"files": {}}')
    upload(tmp_path, "two")
    place = BucketPath("s3:", "lakes", "two")
    client().put_object(Bucket="lakes", Key="two/manifest.json", Body=b'{"files": {"a": {}}}')
    former = content_of(tmp_path)
    (tmp_path / "manifest.json").write_text('{"files": {"b": {}}}')
    with pytest.raises(LockedError, match="another run has written it"):
        publish(tmp_path, place, former)


def test_what_is_damaged_in_a_bucket_is_told(served, capsys):
    """A file that is gone, shorter or other than the manifest says is one line that names it."""
    upload(Path(LAKE), "broken")
    file = next(each.path for each in open_lake(LAKE).manifest.files if each.table == "logs")
    content = (Path(LAKE) / file).read_bytes()
    for damaged in (None, content[:-1], content[:-1] + b"x"):
        if damaged is None:
            client().delete_object(Bucket="lakes", Key=f"broken/{file}")
        else:
            client().put_object(Bucket="lakes", Key=f"broken/{file}", Body=damaged)
        assert main(["replay", "lake=s3://lakes/broken", "results=s3://lakes/none"]) == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert f"s3://lakes/broken/{file}" in told
    assert main(["replay", "lake=s3://lakes/nowhere", "results=s3://lakes/none"]) == 1
    assert "s3://lakes/nowhere: no such lake" in capsys.readouterr().err
    assert objects("none") == {}


@pytest.mark.parametrize("place", ["s3://key:secret@lakes/x", "s3://lakes/x?secret=1", "s3:///x"])
def test_keys_have_no_place_in_a_place(place, capsys):
    """A place with more than a bucket and folders is refused, and not repeated."""
    assert main(["replay", f"lake={place}"]) == 2
    assert "secret" not in capsys.readouterr().err


def test_a_bucket_is_no_folder_of_this_machine(tmp_path, monkeypatch):
    """What would open a file named `s3:` on this machine is an error that says where the place is."""
    monkeypatch.chdir(tmp_path)
    place = location("s3://lakes/x/y")
    assert str(place / "z") == "s3://lakes/x/y/z"
    assert all(str(location(each)) == str(place) for each in (place, str(place), Path(str(place))))
    for act in (place.mkdir, place.touch, lambda: place.open("w"), lambda: place.rename("a"), place.rmdir):
        with pytest.raises(UsageError, match="s3://lakes/x/y: is in a bucket"):
            act()
    assert list(tmp_path.iterdir()) == []
