"""The commands and their options. Imports nothing but argparse: this is what `--help` waits for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .asked import Commands, words_of

STATUS_CHANGES = ("archived", "restore-archived", "new", "complete")
MERGE_MODES = ("slots", "series", "channels")
ROLES = ("owner", "admin", "member", "workforce_manager", "annotator")
PROVIDERS = ("aws", "gcp", "azure", "folder")

EPILOG = """exit codes:
  0  all done
  1  failed, or partly failed (the summary counts what)
  2  wrong usage
  130  interrupted; what was finished is kept

A dataset is written [hub:][team/]dataset[:release], for example example-team/test:0.1.
Start with: groundtruth dataset create test"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Keeps line breaks of examples, and leaves room for long option names."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The whole command line, or as much of it as these arguments need."""
    parser, commands = _build(words_of(arguments))
    return parser if commands.is_found else _build(())[0]


def _build(words: Sequence[str]) -> tuple[argparse.ArgumentParser, Commands]:
    parser = argparse.ArgumentParser(
        prog="groundtruth",
        description="One library and command line for the whole life of labelled data.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.set_defaults(run=None, parser=None)
    _add_globals(parser, top=True)
    commands = Commands.of(parser, words)
    _add(commands, "version", "version", "print the version", "version")
    _add(commands, "help", "help", "show this help", "help")
    _authenticate(commands)
    _team(commands)
    _hub(commands)
    _serve(commands)
    _dataset(commands)
    from .benchmark_parser import add_benchmark_commands  # which takes from here how commands are made

    add_benchmark_commands(commands)
    _report(commands)
    compression = _add(
        commands, "compression", "hubs:compression", "set how much what is sent to a hub is compressed",
        "compression 5 --hub darwin",
    )  # fmt: skip
    compression.add_argument("level", type=int, metavar="LEVEL", help="0 (not at all) to 9")
    doctor = _add(commands, "doctor", "doctor:doctor", "show settings, where they come from, and what works here")
    doctor.epilog = "example:\n  groundtruth doctor --json"
    completion = _add(commands, "completion", "doctor:completion", "print the shell code that completes commands")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    completion.epilog = 'example:\n  eval "$(groundtruth completion bash)"'
    return parser, commands


def _add_globals(parser: argparse.ArgumentParser, top: bool = False) -> None:
    """Options every command takes, before or after its name; below the top their absence must not reset them."""

    def default(value: object) -> object:
        return value if top else argparse.SUPPRESS

    group = parser.add_argument_group("global options")
    group.add_argument(
        "--hub", default=default(None), metavar="NAME", help="hub to work on (default: the chosen one)"
    )
    group.add_argument("-t", "--team", default=default(None), metavar="TEAM", help="team, where a name says none")
    group.add_argument(
        "--json", action="store_true", default=default(False), help="print JSON on stdout, nothing else"
    )
    group.add_argument("-q", "--quiet", action="store_true", default=default(False), help="no progress")
    group.add_argument("-v", "--verbose", action="count", default=default(0), help="say more; twice: debug log")


def _add(commands: Commands, name: str, run: str, text: str, example: str = ""):
    parser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  groundtruth {example}" if example else None,
        formatter_class=Help,
        # `split` has -v and -t of its own, as in the Darwin SDK; the global ones keep their long names there.
        conflict_handler="resolve" if name == "split" else "error",
    )
    parser.set_defaults(run=run)
    _add_globals(parser)
    return parser


def _group(commands: Commands, name: str, text: str) -> Commands:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", formatter_class=Help)
    parser.set_defaults(run=None, parser=parser)
    _add_globals(parser)
    return commands.add_group(parser)


def _authenticate(commands: Commands) -> None:
    parser = _add(
        commands,
        "authenticate",
        "account:authenticate",
        "say who you are and where datasets go",
        "authenticate --default_team example-team --datasets_dir ~/datasets\n"
        "  groundtruth authenticate --hub lab --api_key abcdefg.0123456789abcdef0123456789abcdef",
    )
    parser.add_argument("--api_key", "--api-key", help="key of a team on the hub; the embedded hub needs none")
    parser.add_argument("--default_team", "--default-team", help="team used where a name says none")
    parser.add_argument("--datasets_dir", "--datasets-dir", help="folder that pulled datasets go to")


def _team(commands: Commands) -> None:
    parser = _add(commands, "team", "account:team", "list teams, or choose the default one", "team example-team")
    parser.add_argument("name", nargs="?", help="team to make the default")
    parser.add_argument("-c", "--current", action="store_true", help="print the default team only")


def _hub(commands: Commands) -> None:
    hub = _group(commands, "hub", "choose hubs and care for the embedded one")
    _add(hub, "list", "hubs:list_hubs", "list hubs; the chosen one is marked", "hub list")
    add = _add(
        hub, "add", "hubs:add", "add a hub: an embedded one in a folder, or one on the web",
        "hub add shared --path /data/hub\n  groundtruth hub add lab --kind darwin --url https://hub.example.org",
    )  # fmt: skip
    add.add_argument("name")
    where = add.add_mutually_exclusive_group(required=True)
    where.add_argument("--path", help="folder of an embedded hub; made when first written to")
    where.add_argument("--url", help="address of a hub on the web")
    add.add_argument(
        "--kind", choices=("embedded", "darwin"), help="default: embedded with --path, darwin with --url"
    )
    use = _add(hub, "use", "hubs:use", "choose the hub used where none is named", "hub use shared")
    use.add_argument("name")
    _add(hub, "fsck", "hubs:fsck", "look for damaged or missing objects; changes nothing", "hub fsck")
    collect = _add(hub, "gc", "hubs:gc", "free what nothing refers to", "hub gc --dry-run")
    collect.add_argument("--dry-run", action="store_true", help="only say what would be freed")
    _keys(hub)
    _storages(hub)


def _keys(hub: Commands) -> None:
    keys = _group(hub, "key", "keys with which others use the embedded hub")
    create = _add(keys, "create", "keys:create", "make a key of a team; shown this once", "hub key create --team lab")
    create.add_argument("--role", choices=ROLES, default="member", help="what its holder may do (default: member)")
    create.add_argument("--label", default="", help="what it is for")
    _add(keys, "list", "keys:list_keys", "list keys, without their secrets", "hub key list")
    revoke = _add(keys, "revoke", "keys:revoke", "make a key invalid, at once", "hub key revoke abcdefg")
    revoke.add_argument("id", metavar="ID", help="its first 7 characters, as 'hub key list' shows them")


def _storages(hub: Commands) -> None:
    storages = _group(hub, "storage", "external storage that media may stay in")
    _add(storages, "list", "storages:list_storages", "list the team's storages", "hub storage list")
    add = _add(
        storages, "add", "storages:add", "declare a storage, or change it",
        "hub storage add photos --provider aws --bucket my-bucket --prefix raw --region eu-west-1",
    )  # fmt: skip
    add.add_argument("name")
    add.add_argument("--provider", choices=PROVIDERS, required=True, help="where it is")
    add.add_argument("--bucket", required=True, help="bucket; for azure the account, for folder its path")
    add.add_argument("--prefix", default="", help="what its keys begin with")
    add.add_argument("--region", help="region of the bucket")
    add.add_argument("--endpoint", help="address of a store that speaks the provider's protocol")
    add.add_argument("--readonly", action="store_true", help="the hub never writes to it")
    add.add_argument("--default", action="store_true", help="used where none is named")
    upload = _add(
        storages, "upload", "storages:upload", "put a folder of artifacts, and its source file, into a storage",
        "hub storage upload clip-artifacts/ --prefix videos/clip --source clip.mp4",
    )  # fmt: skip
    upload.add_argument("folder")
    upload.add_argument("--prefix", required=True, help="what the keys of its files begin with")
    upload.add_argument("--source", help="file the artifacts were made of")
    upload.add_argument(
        "--storage", metavar="NAME", help="storage to put them into (default: the team's default one)"
    )
    upload.add_argument("--skip-present", action="store_true", help="leave out what is there with the same size")
    remove = _add(storages, "remove", "storages:remove", "forget a storage", "hub storage remove photos")
    remove.add_argument("name")


def _serve(commands: Commands) -> None:
    serve = _add(
        commands, "serve", "serve:serve", "serve the embedded hub to others, speaking the V7 Darwin API",
        "hub key create --team example-team\n  groundtruth serve --port 8000",
    )  # fmt: skip
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on, 0 for a free one (default: 8000)")
    serve.add_argument("--public-url", help="address that clients use, where a proxy stands in front")
    serve.add_argument("--tls-cert", metavar="FILE", help="certificate, to serve over https")
    serve.add_argument("--tls-key", metavar="FILE", help="private key of the certificate")
    serve.add_argument("--no-access-log", dest="access_log", action="store_false", help="log no requests")


def _report(commands: Commands) -> None:
    report = _group(commands, "report", "reports on work done")
    annotators = _add(
        report, "annotators", "reports:annotators", "report what annotators did, as CSV",
        "report annotators --start 2026-01-01T00:00:00Z --stop 2026-02-01T00:00:00Z --group-by annotators,stages",
    )  # fmt: skip
    annotators.add_argument("--datasets", metavar="A,B", help="only these datasets (default: all of the team)")
    annotators.add_argument("--start", required=True, metavar="TIME", help="from when (RFC 3339, with time zone)")
    annotators.add_argument("--stop", required=True, metavar="TIME", help="until when (RFC 3339, with time zone)")
    annotators.add_argument("--group-by", required=True, metavar="A,B", help="annotators, datasets, stages")
    annotators.add_argument("-r", "--pretty", action="store_true", help="a table instead of CSV")


def _dataset(commands: Commands) -> None:
    dataset = _group(commands, "dataset", "work with datasets")
    _add(dataset, "local", "datasets:local", "list datasets pulled to this machine", "dataset local")
    remote = _add(dataset, "remote", "datasets:remote", "list datasets of the hub", "dataset remote")
    remote.add_argument("-a", "--all", action="store_true", help="of all teams (the default without --team)")
    _one(dataset, "create", "datasets:create", "create an empty dataset", "dataset create test")
    _one(dataset, "path", "datasets:path", "print the local folder of a dataset", "dataset path test")
    _one(dataset, "url", "datasets:url", "print the address of a dataset", "dataset url test")
    remove = _one(dataset, "remove", "datasets:remove", "remove a dataset from the hub", "dataset remove test")
    _yes(remove)
    _push(dataset)
    _register(dataset)
    _releases(dataset)
    _pull(dataset)
    _items(dataset)
    _annotations(dataset)
    from .benchmark_parser import add_array_commands

    add_array_commands(dataset)


def _one(commands: Commands, name: str, run: str, text: str, example: str):
    parser = _add(commands, name, run, text, example)
    parser.add_argument("dataset", metavar="DATASET", help="[hub:][team/]dataset[:release]")
    return parser


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _push(dataset: Commands) -> None:
    push = _one(dataset, "push", "push:push", "upload images and videos", "dataset push test photos/ --exclude .tif")
    push.add_argument("files", nargs="+", metavar="FILE", help="files and folders")
    push.add_argument(
        "-e", "--exclude", nargs="+", action="extend", default=[], metavar="PATTERN",
        help="leave out files with this ending (.jpg), name, path or glob",
    )  # fmt: skip
    push.add_argument("-f", "--fps", default="native", help="frames per second taken of videos (default: native)")
    push.add_argument("--frames", action="store_true", help="take a video as separate frames")
    push.add_argument(
        "--extract_views", "--extract-views", action="store_true", help="split volumes into three views"
    )
    push.add_argument("--handle_as_slices", "--handle-as-slices", action="store_true", help="take volumes as slices")
    push.add_argument("--path", default="/", help="folder on the hub (default: /)")
    push.add_argument("-p", "--preserve-folders", action="store_true", help="keep the local folders")
    push.add_argument(
        "--item-merge-mode", choices=MERGE_MODES, help="make one item of each folder: slots, DICOM series or channels"
    )


def _register(dataset: Commands) -> None:
    register = _one(
        dataset, "register", "storages:register", "make items of media that stay in an external storage",
        "dataset register test raw/a.jpg raw/b.mp4 --storage photos",
    )  # fmt: skip
    register.add_argument("keys", nargs="*", metavar="KEY", help="complete object keys")
    register.add_argument("--keys-from", metavar="FILE", help="more keys, one per line (- for standard input)")
    register.add_argument("--metadata", nargs="+", default=[], metavar="FILE", help="metadata.json of made artifacts")
    register.add_argument("--storage", metavar="NAME", help="storage they are in (default: the team's default one)")
    register.add_argument("--item", metavar="NAME", help="make one item with a slot for each key")
    register.add_argument("--path", default="/", help="folder on the hub (default: /)")
    register.add_argument("-p", "--preserve-folders", action="store_true", help="keep the folders of the keys")
    register.add_argument("-f", "--fps", help="frames per second taken of videos")
    register.add_argument("--extract-views", action="store_true", help="split volumes into three views")


def _releases(dataset: Commands) -> None:
    export = _one(
        dataset, "export", "releases:export", "freeze the annotations as a release", "dataset export test 0.1"
    )
    export.add_argument("name", help="name of the release, for example 0.1")
    export.add_argument("--class-ids", nargs="+", type=int, default=[], metavar="ID", help="only these classes")
    export.add_argument("--include-authorship", action="store_true", help="say who annotated and reviewed")
    export.add_argument("--include-url-token", action="store_true", help="give file addresses that need no key")
    export.add_argument("--version", dest="format_version", choices=("1.0", "2.0"), help="Darwin JSON version")
    _one(dataset, "releases", "releases:releases", "list the releases of a dataset", "dataset releases test")


def _pull(dataset: Commands) -> None:
    pull = _one(dataset, "pull", "pull:pull", "download a release", "dataset pull test:0.1")
    pull.add_argument("--only-annotations", action="store_true", help="leave out images and videos")
    folders = pull.add_mutually_exclusive_group()
    folders.add_argument(
        "--folders", dest="use_folders", action="store_true", default=True, help="keep folders (default)"
    )
    folders.add_argument("--no-folders", dest="use_folders", action="store_false", help="put all files in one folder")
    pull.add_argument("--video-frames", action="store_true", help="frames instead of videos")
    slots = pull.add_mutually_exclusive_group()
    slots.add_argument("--force-slots", action="store_true", help="a folder per slot for every item")
    slots.add_argument("--ignore-slots", action="store_true", help="only the first slot, without slot folders")
    pull.add_argument("--retry", action="store_true", help="wait for a release that is still being made")
    pull.add_argument("--retry-timeout", type=float, default=600.0, metavar="S", help="at most this long (600 s)")
    pull.add_argument("--retry-interval", type=float, default=10.0, metavar="S", help="look this often (10 s)")
    pull.add_argument("--remove-extra", action="store_true", help="delete images the release does not name")
    pull.add_argument("--force", action="store_true", help="check every file's content, not only size and time")
    pull.add_argument("--allow-missing", action="store_true", help="publish even if some files could not be fetched")
    pull.add_argument(
        "--no-local-paths", dest="local_paths", action="store_false",
        help="leave annotation files as released, without the place of their media",
    )  # fmt: skip
    pull.add_argument("--no-multi-processed", action="store_true", help="fetch one file at a time")
    _one(dataset, "verify", "pull:verify", "check every file of a pulled release", "dataset verify test:0.1")
    split = _one(
        dataset, "split", "pull:split", "split a pulled release", "dataset split test -v 0.1 -t 0.2 --seed 7"
    )
    split.add_argument("-v", "--val-percentage", type=float, required=True, metavar="VAL", help="share, 0..1")
    split.add_argument("-t", "--test-percentage", type=float, required=True, metavar="TEST", help="share, 0..1")
    split.add_argument("-s", "--seed", type=int, default=0, help="same seed, same split (default: 0)")


def _items(dataset: Commands) -> None:
    files = _one(dataset, "files", "items:files", "list the items of a dataset", "dataset files test --status new")
    files.add_argument("--status", metavar="A,B", help="only these: new, annotate, review, complete, archived ...")
    files.add_argument("--path", help="only this folder and those below it")
    files.add_argument("--only-filenames", action="store_true", help="print names only")
    files.add_argument("--sort-by", default="updated_at:desc", metavar="FIELD[:asc|desc]", help="(updated_at:desc)")
    status = _one(
        dataset, "set-file-status", "items:set_status", "archive, restore, complete or reopen items",
        "dataset set-file-status test archived a.jpg",
    )  # fmt: skip
    status.add_argument("status", choices=STATUS_CHANGES)
    status.add_argument("files", nargs="+", metavar="FILE", help="names, or full paths such as /day1/a.jpg")
    delete = _one(dataset, "delete-files", "items:delete", "delete items for good", "dataset delete-files test a.jpg")
    delete.add_argument("files", nargs="+", metavar="FILE", help="names, or full paths such as /day1/a.jpg")
    _yes(delete)
    comment = _one(
        dataset, "comment", "items:comment", "comment on an item", 'dataset comment test a.jpg --text "blurry"'
    )
    comment.add_argument("file", metavar="FILE", help="name, or full path")
    comment.add_argument("--text", required=True)
    comment.add_argument("--slot", help="slot, where the item has several")
    for flag, names in {"x": ("--x",), "y": ("--y",), "w": ("--w", "--width"), "h": ("--h", "--height")}.items():
        comment.add_argument(*names, dest=flag, type=float, default=1.0, help="box the comment points at, in pixels")


def _annotations(dataset: Commands) -> None:
    importer = _one(
        dataset, "import", "items:import_annotations", "import annotations",
        "dataset import test darwin annotations/ --append",
    )  # fmt: skip
    importer.add_argument("format", choices=("darwin",), help="format of the files")
    importer.add_argument("files", nargs="+", metavar="FILE", help="documents, or folders of them")
    mode = importer.add_mutually_exclusive_group()
    mode.add_argument("--append", action="store_true", help="keep the annotations items have")
    mode.add_argument("--overwrite", action="store_true", help="replace the annotations items have")
    importer.add_argument(
        "--delete-for-empty",
        action="store_true",
        help="with --overwrite: a document without annotations clears its item",
    )
    importer.add_argument("--import-annotators", action="store_true", help="keep who annotated")
    importer.add_argument("--import-reviewers", action="store_true", help="keep who reviewed")
    importer.add_argument("-y", "--yes", action="store_true", help="create missing classes without asking")
