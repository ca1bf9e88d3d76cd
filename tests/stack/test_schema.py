"""The JSON Schema of the stack file says what the loader says, as far as one look can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from deployer.errors import InvalidStack
from deployer.stack.load import load
from deployer.stack.schema import stack_schema

SCHEMA = stack_schema()
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/stack.yaml"))

GOOD = [
    "services: {web: {image: b}}",
    "name: shop\nversion: '3.8'\nservices: {web: {image: b}}",
    "services: {web: {build: .}}",
    "services: {web: {build: {context: ., dockerfile_inline: FROM b, args: {A: 1, B: null}, x-note: 1}}}",
    "builds: {a: ./a, b: {context: ./b, args: [A=1, B], target: t, tag: x:1}}\nservices: {web: {image: a}}",
    "images: {a: redis, b: {from: redis:7, pull: always}}\nservices: {web: {image: a}}",
    "services: {web: {image: b, command: sleep 1, entrypoint: [sh, -c, 1, true]}}",
    "services: {web: {image: b, environment: {A: a, B: 1, C: true, D: null}, labels: [a=b, c]}}",
    "services: {web: {image: b, environment: [A=a, B]}}",
    "services: {web: {image: b, env_file: a.env}}",
    "services: {web: {image: b, env_file: [a.env, {path: b.env, required: false, format: raw}]}}",
    "services: {web: {image: b, ports: [80, '8080:80', '127.0.0.1::81', '3000-3005:4000-4005/udp']}}",
    "services: {web: {image: b, ports: [{target: 80, published: '8080', host_ip: 127.0.0.1, protocol: tcp}]}}",
    "services: {web: {image: b, volumes: ['data:/data', ./c:/c:ro, {type: tmpfs, target: /t, tmpfs: {size: 1M}}]}}\n"
    "volumes: {data: }",
    "services: {web: {image: b, networks: [front]}}\nnetworks: {front: }",
    "services: {web: {image: b, networks: {front: , back: {aliases: [w]}}}}\n"
    "networks: {front: {driver: bridge, labels: {a: b}}, back: {external: true, name: n}}",
    "services: {web: {image: b, depends_on: [db]}, db: {image: b}}",
    "services: {web: {image: b, depends_on: {db: {condition: service_healthy, required: true}}}, db: {image: b}}",
    "services: {web: {image: b, depends_on: {db: {condition: service_started, required: false}}}, db: {image: b}}",
    "services: {web: {extends: db}, db: {image: b, profiles: []}}",
    "services: {web: {extends: {service: db}}, db: {image: b}}",
    "include: []\nservices: {web: {image: b}}",
    "services: {web: {image: b, healthcheck: {test: 'true', interval: 2s, retries: 3}}}",
    "services: {web: {image: b, healthcheck: {test: [CMD, a], disable: true}}}",
    "services: {web: {image: b, restart: on-failure:3, user: '1', init: true, stop_signal: 9, stop_grace_period: 1m}}",
    "services: {web: {image: b, cpus: 0.5, mem_limit: 64M, pull_policy: if_not_present}}",
    "services: {web: {image: b, cpus: '0.5', mem_limit: 67108864, scale: '2'}}",
    "services: {web: {image: b, working_dir: /srv, hostname: web.example, tty: true}}",
    "services: {web: {image: b, stdin_open: 'true', read_only: true}}",
    "services: {web: {image: b, privileged: '${P:-true}', cap_add: [ALL, net_admin], cap_drop: [CAP_CHOWN]}}",
    "services: {web: {image: b, extra_hosts: ['a=1.2.3.4', 'b:::1']}}",
    "services: {web: {image: b, dns: 9.9.9.9, dns_search: [a], dns_opt: [use-vc]}}",
    "services: {web: {image: b, extra_hosts: {a: 1.2.3.4, x-b: ['::1', '[::2]'], c: host-gateway}}}",
    "services: {web: {image: b, dns: [9.9.9.9, '::1']}}",
    "services: {web: {image: b, tmpfs: '/run:size=64m,mode=1777', ulimits: {nofile: 5, core: '0', memlock: -1}}}",
    "services: {web: {image: b, tmpfs: [/run], ulimits: {nofile: {soft: 1, hard: '2', x-a: 1}}, pids_limit: '-1'}}",
    "services: {web: {image: b, pids_limit: 5, deploy: {resources: {limits: {pids: 5}}}}}",
    "services: {web: {image: b, logging: {driver: json-file, options: {max-size: 10m, max-file: 3, a: null, x-b: c}}}}",
    "services: {web: {image: b, logging: {}, expose: [3000, '8080-8085/tcp'], group_add: [mail, 1000]}}",
    "services: {web: {image: b, sysctls: {net.core.somaxconn: 1024}, security_opt: ['no-new-privileges:true']}}",
    "services: {web: {image: b, sysctls: [net.core.somaxconn=1024]}}",
    "services: {web: {image: b, devices: ['/dev/null:/dev/x:rwm', /dev/zero, {source: /dev/full, x-a: 1}]}}",
    "services: {web: {image: b, deploy: {replicas: 2, resources: {limits: {cpus: '1', memory: 1G}}}}}",
    "services: {web: {image: b, deploy: {mode: replicated, update_config: {order: stop-first, monitor: 10s}}}}",
    "services: {web: {image: b, secrets: [pw, {source: pw, target: /a, uid: '1', gid: 2, mode: 0440}]}}\n"
    "secrets: {pw: {file: ./pw}}",
    "services: {web: {image: b, configs: [a, {source: b, mode: '0440'}]}}\n"
    "configs: {a: {environment: A}, b: {content: 'x $$y'}}",
    "services: {web: {image: '${I:-b}', scale: '${N:-2}', init: '${T:-true}', restart: '${R:-no}', cpus: '${C:-1}'}}",
    "name: ${N:-shop}\nservices: {web: {image: b, pull_policy: '${P:-never}', ports: ['${Q:-80}:80']}}",
    "services: {web: {image: b, ports: [{target: '${Q:-81}', published: '${R:-1-2}', protocol: '${P:-udp}'}]}}",
    "x-a: {b: [1]}\nservices: {web: {image: b, x-c: 1, deploy: {x-d: 1}, ports: [{target: 80, x-e: 1}]}, x-f: 1}",
    "x-deployer: {sensitive: [PIN, '!TOKEN']}\nservices: {web: {image: b, x-deployer: {sensitive: [PIN]}}}",
    "x-base: &base {image: b, init: true}\nservices: {web: {<<: *base, user: nobody}}",
]

BAD = [
    "servces: {}",
    "services: [web]",
    "services: {web: b}",
    "services: {web: {image: [b]}}",
    "services: {web: {image: 1.36}}",
    "services: {web: {imge: b}}",
    "services: {web: {image: b, ports: '8080:80'}}",
    "services: {web: {image: b, ports: [{publishd: 80, target: 80}]}}",
    "services: {web: {image: b, ports: [{published: 80}]}}",
    "services: {web: {image: b, ports: [{target: 80, protocol: tpc}]}}",
    "services: {web: {image: b, volumes: [{type: volme, target: /a}]}}",
    "services: {web: {image: b, volumes: [{type: tmpfs}]}}",
    "services: {web: {image: b, healthcheck: {intervall: 2s}}}",
    "services: {web: {image: b, healthcheck: {test: 'true', interval: 2}}}",
    "services: {web: {image: b, init: 1}}",
    "services: {web: {image: b, scale: -1}}",
    "services: {web: {image: b, scale: 1.5}}",
    "services: {web: {image: b, restart: sometimes}}",
    "services: {web: {image: b, pull_policy: sometimes}}",
    "services: {web: {image: b, depends_on: {db: {condition: healthy}}}, db: {image: b}}",
    "services: {web: {image: b, depends_on: {db: {required: [1]}}}, db: {image: b}}",
    "services: {web: {image: b, extends: {servce: db}}, db: {image: b}}",
    "services: {web: {image: b, profiles: full}}",
    "include: other.yaml",
    "include: [{paht: other.yaml}]",
    "services: {web: {image: b, environment: text}}",
    "services: {web: {image: b, environment: {A: [1]}}}",
    "services: {web: {image: b, env_file: [{pth: a}]}}",
    "services: {web: {image: b, env_file: [{path: a, requird: true}]}}",
    "services: {web: {image: b, env_file: [{path: a, format: other}]}}",
    "services: {web: {image: b, credential_spec: {file: a}}}",
    "services: {web: {image: b, privileged: 1}}",
    "services: {web: {image: b, cap_add: NET_ADMIN}}",
    "services: {web: {image: b, group_add: mail}}",
    "services: {web: {image: b, ulimits: {nofile: {soft: 1}}}}",
    "services: {web: {image: b, ulimits: {nofile: -2}}}",
    "services: {web: {image: b, logging: {drivr: local}}}",
    "services: {web: {image: b, devices: [{target: /dev/x}]}}",
    "services: {web: {image: b, extra_hosts: 5}}",
    "services: {web: {image: b, dns: {a: b}}}",
    "services: {web: {image: b, pids_limit: -2}}",
    "services: {web: {image: b, working_dir: 5}}",
    "services: {web: {image: b, x-deployer: {sensitve: [A]}}}",
    "services: {web: {image: b, deploy: {x-deployer: {}}}}",
    "services: {we b: {image: b}}",
    "services: {web: {build: {contxt: .}}}",
    "services: {web: {image: b, deploy: {resources: {limits: {memroy: 1}}}}}",
    "services: {web: {image: b, deploy: {update_config: {order: start-first}}}}",
    "networks: {front: {drivr: bridge}}",
    "volumes: {data: 5}",
    "images: {a: {pull: always}}",
    "name: Shop",
    "secrets: {pw: {external: true}}",
    "secrets: {pw: ./pw}",
    "secrets: {pw: {content: 1}}",
    "configs: [site]",
    "services: {web: {image: b, secrets: {pw: }}}\nsecrets: {pw: {file: a}}",
    "services: {web: {image: b, secrets: [{target: a}]}}\nsecrets: {pw: {file: a}}",
    "services: {web: {image: b, secrets: [{source: pw, mod: 1}]}}\nsecrets: {pw: {file: a}}",
    "x-deployer: {ignore: [mem_limit]}",
]


def by_schema(text: str) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(YAML(typ="safe").load(text))


def by_loader(text: str) -> bool:
    try:
        load(text, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=lambda _file, _place: {})
    except InvalidStack:
        return False
    return True


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_right_for_both(text: str):
    """Short forms and long forms, variables, `x-` keys, keys with nothing behind them."""
    assert (by_schema(text), by_loader(text)) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_wrong_for_both(text: str):
    """Unknown keys, wrong types, choices that are none, what is not supported yet."""
    assert (by_schema(text), by_loader(text)) == (False, False)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_example_is_right(path: Path):
    """As check-jsonschema finds too."""
    assert by_schema(path.read_text())


def test_it_is_a_schema_of_the_draft_it_names():
    """2020-12, the draft that editors and check-jsonschema know."""
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_explained():
    """An editor shows the description of what one writes."""
    models = {"": SCHEMA, **SCHEMA["$defs"]}

    silent = [
        f"{model}.{key}"
        for model, schema in models.items()
        for key, value in schema["properties"].items()
        if not value.get("description")
    ]

    assert silent == []
