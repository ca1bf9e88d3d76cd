"""The stack as resolved, in the shape that Compose prints."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from deployer.errors import Place
from deployer.render.config import as_json, as_yaml, images_of, services_of, whole_tree
from deployer.render.harmless import harmless
from deployer.render.long_form import go_duration
from deployer.render.yaml_text import as_yaml_text
from deployer.stack.load import load
from deployer.stack.model import Stack

MS, SECOND, HOUR = 10**6, 10**9, 3600 * 10**9


def stack_of(text: str) -> Stack:
    def no_files(path: str, place: Place) -> dict[str, tuple[str, Place]]:
        raise AssertionError((path, place))

    return load(text, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=no_files)


def service_of(keys: str) -> dict[str, Any]:
    """A service with these keys, in flow style, as its long form."""
    text = f"name: shop\nservices:\n  a: {{image: x, {keys}}}\n  db: {{image: y}}\nvolumes: {{data: {{}}}}\n"
    found: Any = YAML(typ="safe").load(StringIO(as_yaml(stack_of(text))))
    return found["services"]["a"]


COMPOSE = """\
name: shop
services:
  "off":
    image: nginx:1
    healthcheck: {disable: true}
    scale: 3
    depends_on: {db: {condition: service_healthy}}
  db:
    image: postgres:16
    environment: {PRICE: "$$5", A: "1.5", B: "yes", C: "a: b", D: "# x", J: "x\\n", M: it's, R: "", S: "a\\nb"}
    volumes:
      - data:/var/lib/data
      - ./conf:/etc/app:ro
      - {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 1023}}
      - {type: bind, source: ./x, target: /x}
      - {type: bind, source: /y, target: /y, bind: {propagation: rslave}}
      - {type: volume, source: data, target: /z, volume: {nocopy: true}}
      - {type: volume, source: data, target: /w}
      - ./conf:/etc/all:rslave
      - data:/quick:ro,nocopy
      - /own
    healthcheck: {test: pg_isready, interval: 2s, timeout: 1m30s, retries: 3, start_period: 500ms}
    networks:
      front:
        ipv4_address: 10.211.1.5
        ipv6_address: "fd00:0::5"
        link_local_ips: [169.254.1.1, 169.254.0.1]
        aliases: [x]
    mem_limit: 128m
    stop_grace_period: 90s
    stop_signal: SIGINT
  probe:
    image: probe:1
    network_mode: service:db
  alone:
    image: probe:1
    network_mode: none
    depends_on: [web]
  web:
    build: {context: ./web, args: {V: "3"}, target: run}
    image: webby
    ports: ["127.0.0.1::9000", "5000", "8080:80", "3000-3001:4000-4001/udp", "1000-1002:90"]
    command: sh -c "a  b"
    entrypoint: [x]
    depends_on: [db]
    restart: unless-stopped
    init: true
    labels: {a: b}
    user: nobody
    networks: {front: {aliases: [w, v]}, default: }
    deploy:
      resources: {limits: {memory: 64M, cpus: "0.5"}}
      update_config: {order: stop-first, monitor: 1h}
      replicas: 1
networks:
  front:
    labels: {q: r}
    driver_opts: {a: "1"}
    driver: bridge
    enable_ipv6: true
    attachable: true
    internal: true
    ipam:
      config:
        - ip_range: 10.211.1.128/25
          subnet: 10.211.1.0/24
          aux_addresses: {h: 10.211.1.9}
          gateway: 10.211.1.1
        - subnet: "fd00:0::/64"
      driver: default
volumes:
  data:
"""

PRINTED = """\
name: shop
services:
  alone:
    depends_on:
      web:
        condition: service_started
        required: true
    image: probe:1
    network_mode: none
  db:
    environment:
      A: "1.5"
      B: "yes"
      C: 'a: b'
      D: '# x'
      J: |
        x
      M: it's
      PRICE: $$5
      R: ""
      S: |-
        a
        b
    healthcheck:
      test:
        - CMD-SHELL
        - pg_isready
      timeout: 1m30s
      interval: 2s
      retries: 3
      start_period: 500ms
    image: postgres:16
    mem_limit: "134217728"
    networks:
      front:
        aliases:
          - x
        ipv4_address: 10.211.1.5
        ipv6_address: fd00:0::5
        link_local_ips:
          - 169.254.1.1
          - 169.254.0.1
    stop_grace_period: 1m30s
    stop_signal: SIGINT
    volumes:
      - type: volume
        source: data
        target: /var/lib/data
        volume: {}
      - type: bind
        source: /srv/shop/conf
        target: /etc/app
        read_only: true
        bind:
          create_host_path: true
      - type: tmpfs
        target: /t
        tmpfs:
          size: "1048576"
          mode: 1023
      - type: bind
        source: /srv/shop/x
        target: /x
      - type: bind
        source: /y
        target: /y
        bind:
          propagation: rslave
      - type: volume
        source: data
        target: /z
        volume:
          nocopy: true
      - type: volume
        source: data
        target: /w
      - type: bind
        source: /srv/shop/conf
        target: /etc/all
        bind:
          propagation: rslave
          create_host_path: true
      - type: volume
        source: data
        target: /quick
        read_only: true
        volume:
          nocopy: true
      - type: volume
        target: /own
        volume: {}
  "off":
    depends_on:
      db:
        condition: service_healthy
        required: true
    healthcheck:
      disable: true
    image: nginx:1
    networks:
      default: null
    scale: 3
  probe:
    depends_on:
      db:
        condition: service_started
        restart: true
        required: true
    image: probe:1
    network_mode: service:db
  web:
    build:
      context: /srv/shop/web
      dockerfile: Dockerfile
      args:
        V: "3"
      target: run
    command:
      - sh
      - -c
      - a  b
    depends_on:
      db:
        condition: service_started
        required: true
    deploy:
      replicas: 1
      update_config:
        monitor: 1h0m0s
        order: stop-first
      resources:
        limits:
          cpus: 0.5
          memory: "67108864"
    entrypoint:
      - x
    image: webby
    init: true
    labels:
      a: b
    networks:
      default: null
      front:
        aliases:
          - w
          - v
    ports:
      - mode: ingress
        host_ip: 127.0.0.1
        target: 9000
        protocol: tcp
      - mode: ingress
        target: 5000
        protocol: tcp
      - mode: ingress
        target: 80
        published: "8080"
        protocol: tcp
      - mode: ingress
        target: 4000
        published: "3000"
        protocol: udp
      - mode: ingress
        target: 4001
        published: "3001"
        protocol: udp
      - mode: ingress
        target: 90
        published: 1000-1002
        protocol: tcp
    restart: unless-stopped
    user: nobody
networks:
  default:
    name: shop_default
  front:
    name: shop_front
    driver: bridge
    driver_opts:
      a: "1"
    ipam:
      driver: default
      config:
        - subnet: 10.211.1.0/24
          gateway: 10.211.1.1
          ip_range: 10.211.1.128/25
          aux_addresses:
            h: 10.211.1.9
        - subnet: fd00:0::/64
    internal: true
    attachable: true
    labels:
      q: r
    enable_ipv6: true
volumes:
  data:
    name: shop_data
"""
"""What `docker compose config` of Compose 2.40.3 prints for the file above, byte for byte."""


def test_a_compose_file_is_printed_as_compose_prints_it() -> None:
    """Services sorted, long forms, absolute paths, bytes, durations as Go has them, quotes where they are needed."""
    assert as_yaml(stack_of(COMPOSE)) + "\n" == PRINTED


REFERRING = """\
name: shop
services:
  db: {image: busybox, ipc: shareable}
  vol: {image: busybox, volumes: [data:/data]}
  web:
    image: busybox
    ipc: service:db
    pid: service:db
    links: ["db:database", "vol"]
    external_links: ["other:o", "more"]
    volumes_from: ["vol:ro", "container:abc:rw"]
    mac_address: 02:42:ac:11:00:99
    labels: {A: b}
    attach: false
    pull_policy: daily
    depends_on: {vol: {condition: service_started, restart: true}}
    networks:
      a: {priority: 5, gw_priority: 3, mac_address: "02:42:ac:11:00:98", driver_opts: {x: 1}, interface_name: eth7}
      default:
      e:
    volumes:
      - {type: bind, source: ./a, target: /a,
          bind: {selinux: z, propagation: rslave, create_host_path: true}, consistency: cached}
      - ./b:/b:z,cached
      - old:/o
      - ext:/e
      - ./b:/b2:Z
      - {type: volume, source: data, target: /d, volume: {subpath: s/t, nocopy: true, labels: {q: 1}}}
      - {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0o1777}}
      - {type: image, source: busybox:1.37, target: /i, image: {subpath: bin}}
networks: {a: {enable_ipv4: false, enable_ipv6: true}, default: , e: {external: {name: foo}}}
volumes: {data: {}, old: {external: {name: bar}}, ext: {external: true, name: q}}
"""

REFERRING_PRINTED = """\
name: shop
services:
  db:
    image: busybox
    ipc: shareable
    networks:
      default: null
  vol:
    image: busybox
    networks:
      default: null
    volumes:
      - type: volume
        source: data
        target: /data
        volume: {}
  web:
    attach: false
    depends_on:
      db:
        condition: service_started
        restart: true
        required: true
      vol:
        condition: service_started
        restart: true
        required: true
    external_links:
      - other:o
      - more
    image: busybox
    ipc: service:db
    labels:
      A: b
    links:
      - db:database
      - vol
    mac_address: 02:42:ac:11:00:99
    networks:
      a:
        driver_opts:
          x: "1"
        gw_priority: 3
        interface_name: eth7
        mac_address: 02:42:ac:11:00:98
        priority: 5
      default: null
      e: null
    pid: service:db
    pull_policy: daily
    volumes:
      - type: bind
        source: /srv/shop/a
        target: /a
        consistency: cached
        bind:
          selinux: z
          propagation: rslave
          create_host_path: true
      - type: bind
        source: /srv/shop/b
        target: /b
        bind:
          selinux: z
          create_host_path: true
      - type: volume
        source: old
        target: /o
        volume: {}
      - type: volume
        source: ext
        target: /e
        volume: {}
      - type: bind
        source: /srv/shop/b
        target: /b2
        bind:
          selinux: Z
          create_host_path: true
      - type: volume
        source: data
        target: /d
        volume:
          labels:
            q: "1"
          nocopy: true
          subpath: s/t
      - type: tmpfs
        target: /t
        tmpfs:
          size: "1048576"
          mode: 1023
      - type: image
        source: busybox:1.37
        target: /i
        image:
          subpath: bin
    volumes_from:
      - vol:ro
      - container:abc:rw
networks:
  a:
    name: shop_a
    enable_ipv4: false
    enable_ipv6: true
  default:
    name: shop_default
  e:
    name: foo
    external: true
volumes:
  data:
    name: shop_data
  ext:
    name: q
    external: true
  old:
    name: bar
    external: true
"""


def test_what_refers_to_other_things_is_printed_as_compose_prints_it() -> None:
    """Namespaces, links, mounts of others, options in networks and of mounts, external things (Compose 2.40.3)."""
    assert as_yaml(stack_of(REFERRING)) + "\n" == REFERRING_PRINTED


def test_what_is_printed_is_a_stack_file_of_the_same_stack() -> None:
    """Printed again, it is the same."""
    assert as_yaml(stack_of(PRINTED)) + "\n" == PRINTED


def test_a_folder_that_is_not_to_be_made_is_printed_so() -> None:
    """Compose 2.40.3 leaves that out; read again, the folder would be made."""
    volume = "{type: bind, source: /y, target: /y, bind: {create_host_path: false}}"
    (shown,) = service_of(f"volumes: [{volume}]")["volumes"]
    assert shown["bind"] == {"create_host_path": False}


def test_json_has_the_same_tree_and_what_compose_adds_there() -> None:
    """command, entrypoint, ipam, resources and placement are there even where nothing is said."""
    expected: Any = YAML(typ="safe").load(StringIO(PRINTED))
    nothing = {"command": None, "entrypoint": None}
    expected["services"] = {name: {**nothing, **service} for name, service in expected["services"].items()}
    expected["networks"] = {key: {"ipam": {}, **thing} for key, thing in expected["networks"].items()}
    expected["services"]["web"]["deploy"]["placement"] = {}
    assert json.loads(as_json(stack_of(COMPOSE))) == expected
    bare = json.loads(as_json(stack_of("name: x\nservices: {a: {image: y, deploy: {replicas: 2}}}")))
    assert bare["services"]["a"]["deploy"] == {"replicas": 2, "resources": {}, "placement": {}}


def test_our_own_keys_come_before_the_services() -> None:
    """builds and images, which Compose does not know; what a service builds itself is its own."""
    text = """\
name: shop
builds:
  web: {inline: "FROM x", args: {B: "1", A: "2"}, tag: "w:1"}
  api: ./api
images:
  cache: redis:7
  base: {from: alpine, pull: always}
services:
  web: {image: web}
  own: {build: {dockerfile_inline: FROM y}}
"""
    tree: Any = YAML(typ="safe").load(StringIO(as_yaml(stack_of(text))))
    assert list(tree) == ["name", "builds", "images", "services", "networks"]
    assert tree["builds"] == {
        "api": {"context": "/srv/shop/api", "dockerfile": "Dockerfile"},
        "web": {"context": "/srv/shop", "inline": "FROM x", "args": {"A": "2", "B": "1"}, "tag": "w:1"},
    }
    assert tree["images"] == {"base": {"from": "alpine", "pull": "always"}, "cache": {"from": "redis:7"}}
    assert tree["services"]["own"]["build"] == {"context": "/srv/shop", "dockerfile_inline": "FROM y"}


def test_networks_and_volumes_have_their_names_on_the_engine() -> None:
    """Also those that no service uses, for they are made; what is external keeps its own name."""
    text = """\
name: shop
networks: {a: {}, b: {external: true}, c: {name: other}}
volumes: {d: , e: {external: true, name: x}, f: {driver: local, driver_opts: {o: bind}, labels: [l=1]}}
"""
    tree: Any = YAML(typ="safe").load(StringIO(as_yaml(stack_of(text))))
    assert tree == {
        "name": "shop",
        "services": {},
        "networks": {"a": {"name": "shop_a"}, "b": {"name": "b", "external": True}, "c": {"name": "other"}},
        "volumes": {
            "d": {"name": "shop_d"},
            "e": {"name": "x", "external": True},
            "f": {"name": "shop_f", "driver": "local", "driver_opts": {"o": "bind"}, "labels": {"l": "1"}},
        },
    }


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("cpus: 2", {"cpus": 2}),
        ("cpus: '0.25'", {"cpus": 0.25}),
        ("mem_limit: 96m", {"mem_limit": "100663296"}),
        ("stop_grace_period: 1500ms", {"stop_grace_period": "1.5s"}),
        ("restart: 'on-failure:3'", {"restart": "on-failure:3"}),
        ("command: ''", {"command": []}),
        ("labels: [A=b, c]", {"labels": {"A": "b", "c": ""}}),
        ("environment: [A=b]", {"environment": {"A": "b"}}),
        ("deploy: {mode: replicated, replicas: 0}", {"deploy": {"mode": "replicated", "replicas": 0}}),
        (
            "ports: [{target: 80, published: 81, name: web, app_protocol: http, mode: host, host_ip: '::1'}]",
            {
                "ports": [
                    {
                        "name": "web", "mode": "host", "host_ip": "::1", "target": 80, "published": "81",
                        "protocol": "tcp", "app_protocol": "http",
                    }
                ]
            },
        ),
        ("networks: []", {}),
        ("working_dir: /srv//a, hostname: web", {"working_dir": "/srv//a", "hostname": "web"}),
        ("tty: true, stdin_open: false, read_only: 'true', privileged: false", {"tty": True, "read_only": True}),
        ("cap_add: [net_admin, CAP_CHOWN, net_admin], cap_drop: []", {"cap_add": ["net_admin", "CAP_CHOWN"]}),
        (
            "extra_hosts: {z: 1.2.3.4, b: ['::2', '[::1]'], gw: host-gateway}",
            {"extra_hosts": ["b=::1", "b=::2", "gw=host-gateway", "z=1.2.3.4"]},
        ),
        ("extra_hosts: ['z:1.2.3.4', 'b:::1']", {"extra_hosts": ["b=::1", "z=1.2.3.4"]}),
        ("dns: 9.9.9.9, dns_search: [b, a], dns_opt: []", {"dns": ["9.9.9.9"], "dns_search": ["b", "a"]}),
        ("tmpfs: '/run:size=64m,mode=1777'", {"tmpfs": ["/run:size=64m,mode=1777"]}),
        (
            "ulimits: {nproc: 5, nofile: {soft: '2', hard: 2}, core: 0, memlock: -1}",
            {"ulimits": {"core": {"soft": 0, "hard": 0}, "memlock": -1, "nofile": {"soft": 2, "hard": 2}, "nproc": 5}},
        ),
        ("pids_limit: -1", {"pids_limit": -1}),
        ("pids_limit: 0", {}),
        ("deploy: {resources: {limits: {pids: 5}}}", {"deploy": {"resources": {"limits": {"pids": 5}}}}),
        ("logging: {}", {"logging": {}}),
        (
            "logging: {options: {max-file: 3, a: null, x-b: c}, driver: local}",
            {"logging": {"driver": "local", "options": {"a": "", "max-file": "3", "x-b": "c"}}},
        ),
        ("expose: [3000, 80-85/tcp, 3000]", {"expose": ["3000", "80-85/tcp"]}),
        ("sysctls: [net.core.somaxconn=5]", {"sysctls": {"net.core.somaxconn": "5"}}),
        ("group_add: [mail, 1000]", {"group_add": ["mail", "1000"]}),
        ("security_opt: ['label:user:me']", {"security_opt": ["label:user:me"]}),
        (
            "devices: [/dev/a, '/dev/a:/dev/b:r', {source: /dev/c, target: /dev/d}]",
            {
                "devices": [
                    {"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"},
                    {"source": "/dev/a", "target": "/dev/b", "permissions": "r"},
                    {"source": "/dev/c", "target": "/dev/d"},
                ]
            },
        ),
    ],
)  # fmt: skip
def test_each_notation_has_its_long_form(keys: str, shown: dict[str, Any]) -> None:
    """Numbers, bytes, durations and lists as Compose has them."""
    assert service_of(keys) == {"image": "x", "networks": {"default": None}, **shown}


def test_secrets_are_masked() -> None:
    """By the name of the variable or the build argument; in URLs what stands before the @."""
    text = """\
name: shop
services:
  a:
    build: {context: ., args: {API_TOKEN: s3cret, V: "1"}}
    environment: {DB_PASSWORD: s3cret, URL: "postgres://me:s3cret@db/x", KEYBOARD: de}
    command: [run, "https://me:s3cret@host/"]
"""
    for shown in (as_yaml(stack_of(text)), as_json(stack_of(text))):
        assert "s3cret" not in shown
        assert shown.count("(sensitive)") == 4
        assert "postgres://(sensitive)@db/x" in shown
        assert "KEYBOARD" in shown


def test_the_path_of_a_secrets_file_is_shown() -> None:
    """It is no secret; what else is under such a name may be one."""
    text = """\
name: shop
x-more: {API_TOKEN_FILE: /run/secrets/own}
services:
  a:
    build: {context: ., args: {API_TOKEN_FILE: /run/secrets/token}}
    environment: {DB_PASSWORD_FILE: /run/secrets/pw, OTHER_PASSWORD_FILE: s3cret}
"""
    shown = as_yaml(stack_of(text))
    assert [f"/run/secrets/{name}" in shown for name in ("own", "token", "pw")] == [True, True, True]
    assert (shown.count("(sensitive)"), "s3cret" in shown) == (1, False)


def test_secrets_are_masked_wherever_a_variable_puts_them() -> None:
    """Under the name of an option, in a host's address, in a list."""
    text = """\
services:
  a:
    image: x
    logging: {driver: splunk, options: {splunk-token: plain-secret, tag: "${API_TOKEN}", max-size: 1m}}
    extra_hosts: {db: "${DB_SECRET}", web: 10.0.0.2}
    dns_search: ["${API_TOKEN}"]
"""

    def no_files(path: str, place: Place) -> dict[str, tuple[str, Place]]:
        raise AssertionError((path, place))

    environment = {"API_TOKEN": "hunter2", "DB_SECRET": "10.0.0.1"}
    stack = load(text, file="stack.yaml", folder="/srv/shop", environment=environment, read_env_file=no_files)
    service = json.loads(as_json(stack))["services"]["a"]
    masked = {"max-size": "1m", "splunk-token": "(sensitive)", "tag": "(sensitive)"}
    assert service["logging"] == {"driver": "splunk", "options": masked}
    assert service["extra_hosts"] == ["db=(sensitive)", "web=10.0.0.2"]
    assert service["dns_search"] == "(sensitive)"


COPIED = """\
name: shop
services:
  web:
    image: x
    secrets:
      - pw
      - {source: token, target: sub/token, uid: "1000", gid: 1001, mode: 0400}
    configs:
      - site
      - {source: site, target: a.conf, mode: 256}
secrets:
  pw: {file: ./pw.txt}
  token: {environment: TOKEN}
  unused: {file: nowhere}
configs:
  site: {content: listen 80}
"""


def test_secrets_and_configs_are_printed_as_compose_prints_them() -> None:
    """Those that a service has, by where they come from; owner and mode as texts."""
    found: Any = YAML(typ="safe").load(StringIO(as_yaml(stack_of(COPIED))))
    assert found["services"]["web"]["secrets"] == [
        {"source": "pw", "target": "/run/secrets/pw"},
        {"source": "token", "target": "sub/token", "uid": "1000", "gid": "1001", "mode": "0400"},
    ]
    assert found["services"]["web"]["configs"] == [
        {"source": "site"},
        {"source": "site", "target": "a.conf", "mode": "0400"},
    ]
    assert found["secrets"] == {
        "pw": {"name": "shop_pw", "file": "/srv/shop/pw.txt"},
        "token": {"name": "shop_token", "environment": "TOKEN"},
    }
    assert found["configs"] == {"site": {"name": "shop_site", "content": "listen 80"}}


def test_the_whole_tree_says_nothing_of_what_a_config_holds() -> None:
    """A record is a label of a volume, which many may read: what of it may be kept is decided elsewhere."""
    assert whole_tree(stack_of(COPIED))["configs"] == {"site": {"name": "shop_site", "content": "(sensitive)"}}


def test_names_alone() -> None:
    """The services, and the images that they run: as they are written, of builds the name."""
    text = """\
name: shop
builds: {b: ., t: {context: ., tag: "mine:1"}}
images: {cache: redis}
services:
  web: {image: b}
  tagged: {image: t}
  own: {build: .}
  named: {build: ., image: "named:2"}
  redis: {image: cache}
  plain: {image: "nginx:1"}
  again: {image: "nginx:1"}
"""
    stack = stack_of(text)
    assert services_of(stack) == ["again", "named", "own", "plain", "redis", "tagged", "web"]
    assert images_of(stack) == ["mine:1", "named:2", "nginx:1", "redis", "shop/b", "shop/own"]


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0s"), (1, "1ns"), (1500, "1.5µs"), (500 * MS, "500ms"), (1500 * MS, "1.5s"), (SECOND, "1s"),
        (60 * SECOND, "1m0s"), (90 * SECOND, "1m30s"), (HOUR, "1h0m0s"), (25 * HOUR + 1, "25h0m0.000000001s"),
    ],
)  # fmt: skip
def test_durations_are_those_of_go(nanoseconds: int, shown: str) -> None:
    """So that a comparison with Compose is one of texts."""
    assert go_duration(nanoseconds) == shown


@pytest.mark.parametrize(
    "text",
    ["", "~", "y", "No", "on", "TRUE", "null", "1", "-1.5", "1e3", "0x1F", "0o7", "017", "1_000", "12:30:45", ".inf",
     "2001-01-01", "2001-01-01 12:00:00", "<<", "="],
)  # fmt: skip
def test_text_that_looks_like_something_else_is_in_quotes(text: str) -> None:
    """YAML 1.1 and 1.2 disagree on many of these; in quotes they are text for both, as value and as key."""
    assert as_yaml_text({"k": text}) == f'k: "{text}"\n'
    assert as_yaml_text({text: "k"}) == f'"{text}": k\n'


@pytest.mark.parametrize("text", ["127.0.0.1", "1000-1002", "1m30s", "::1", "a:b", "nginx:1", "yes sir", "é中"])
def test_text_that_is_only_text_is_not(text: str) -> None:
    """Quotes on everything are noise."""
    assert as_yaml_text({"k": text}) == f"k: {text}\n"


PLAIN = st.text(st.characters(codec="utf-8"), max_size=20)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**9) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(PLAIN, TREES, max_size=4))
def test_every_value_reads_back_the_same_and_steers_no_terminal(tree: dict[str, Any]) -> None:
    """Whatever text is in it: no control is printed but the ends of lines."""
    text = as_yaml_text(tree)
    assert YAML(typ="safe", pure=True).load(StringIO(text)) == tree
    assert all(harmless(line) == line for line in text.split("\n"))


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (
            "blkio_config: {weight: 300, device_read_bps: [{path: /dev/a, rate: 1k}], "
            "device_write_iops: [{path: /dev/a, rate: 3}], weight_device: [{path: /dev/a, weight: 20}]}",
            {
                "blkio_config": {
                    "weight": 300,
                    "weight_device": [{"path": "/dev/a", "weight": 20}],
                    "device_read_bps": [{"path": "/dev/a", "rate": "1024"}],
                    "device_write_iops": [{"path": "/dev/a", "rate": "3"}],
                }
            },
        ),
        ("memswap_limit: 2m, mem_limit: 1m", {"memswap_limit": "2097152", "mem_limit": "1048576"}),
        ("memswap_limit: -1, mem_swappiness: 10", {"memswap_limit": "-1", "mem_swappiness": "10"}),
        ("mem_reservation: 1k, oom_score_adj: 5", {"mem_reservation": "1024", "oom_score_adj": 5}),
        ("cpu_quota: '25000', cpu_shares: 0, cpuset: '0,1'", {"cpu_quota": 25000, "cpuset": "0,1"}),
        ("gpus: all", {"gpus": [{"count": -1}]}),
        (
            "gpus: [{driver: x, device_ids: ['1'], capabilities: [utility]}]",
            {"gpus": [{"capabilities": ["utility"], "driver": "x", "device_ids": ["1"]}]},
        ),
        (
            "deploy: {resources: {reservations: {cpus: 0.25, devices: [{capabilities: [gpu]}]}}}",
            {
                "deploy": {
                    "resources": {
                        "reservations": {"cpus": 0.25, "devices": [{"capabilities": ["gpu"], "count": -1}]},
                    }
                }
            },
        ),
        (
            "deploy: {labels: [a=b, c], restart_policy: {condition: any, window: 120s}, endpoint_mode: vip, "
            "rollback_config: {delay: 5s, max_failure_ratio: 0.5}, placement: {constraints: [a == b]}}",
            {
                "deploy": {
                    "labels": {"a": "b", "c": ""},
                    "rollback_config": {"delay": "5s", "max_failure_ratio": 0.5},
                    "restart_policy": {"condition": "any", "window": "2m0s"},
                    "placement": {"constraints": ["a == b"]},
                    "endpoint_mode": "vip",
                }
            },
        ),
        ("annotations: [a=b, c], domainname: d", {"annotations": {"a": "b", "c": ""}, "domainname": "d"}),
        (
            "devices: ['vendor.com/class=a']",
            {"devices": [{"source": "vendor.com/class=a", "target": "vendor.com/class=a", "permissions": "rwm"}]},
        ),
        (
            "runtime: runc, cgroup: host, isolation: default",
            {"runtime": "runc", "cgroup": "host", "isolation": "default"},
        ),
    ],
)
def test_limits_and_what_swarm_has_are_shown_as_compose_shows_them(keys: str, shown: Any) -> None:
    """Numbers where it prints numbers, texts where it prints texts (Compose 2.40)."""
    found = service_of(keys)
    assert {key: found.get(key) for key in found if key not in ("image", "networks")} == shown
