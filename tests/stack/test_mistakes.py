"""Each mistake that a stack file can hold is told with its code, at the very line and column: where `»` stands here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.stack.load import load
from deployer.wiring import named_stack

SHOP = "services:\n  web:\n    image: busybox\n"
TAIL = "\nservices: {web: {image: busybox}}\n"

FRONT = (
    "networks: {front: {ipam: {config: [{subnet: 10.5.0.0/24, gateway: 10.5.0.1},"
    " {subnet: 'fd00::/64', aux_addresses: {printer: 'fd00::9'}}]}}}\n"
)

MISTAKES: list[tuple[str, str]] = [
    # YAML
    ("yaml-syntax", "services:\n  web:\n    image: busybox\n   »command: x\n"),
    ("yaml-syntax", "services: »{web: {image: busybox}\n"),
    ("yaml-syntax", SHOP + '    command: »"sleep 1\n'),
    ("yaml-syntax", SHOP + "    labels: {a: b»: c}\n"),
    ("tab-indentation", "services:\n  web:\n»\timage: busybox\n"),
    ("duplicate-key", SHOP + "    »image: alpine\n"),
    ("duplicate-key", SHOP + "  »web: {image: alpine}\n"),
    ("duplicate-key", SHOP + "    environment: {A: 1, »A: 2}\n"),
    ("not-a-mapping", "»- services\n"),
    ("not-a-mapping", "»"),
    ("several-documents", "services: {}\n»---\nservices: {}\n"),
    ("undefined-alias", "services:\n  web:\n    <<: »*base\n    image: busybox\n"),
    ("bad-merge", "services:\n  web:\n    »<<: text\n    image: busybox\n"),
    ("unknown-tag", SHOP + "    user: »!!binary aGk=\n"),
    ("yaml-unfolds", "services:\n  web: &w\n    image: busybox\n    labels: »*w\n"),
    ("non-string-key", SHOP + "    labels: {»1.5: a}\n"),
    # keys
    ("unknown-key", "»servces: {}" + TAIL),
    ("unknown-key", "services:\n  web:\n    »imge: busybox\n"),
    ("unknown-key", SHOP + '    healthcheck:\n      test: "true"\n      »intervall: 2s\n'),
    ("unknown-key", SHOP + "    deploy: {resources: {limits: {»memroy: 64M}}}\n"),
    ("unknown-key", SHOP + "    ports:\n      - target: 80\n        »publishd: 8080\n"),
    ("unknown-key", SHOP + "    volumes: [{type: bind, source: ., target: /a, »readonly: true}]\n"),
    ("unknown-key", SHOP + "    depends_on:\n      db: {»conditon: service_healthy}\n  db: {image: busybox}\n"),
    ("unknown-key", SHOP + "    networks:\n      default: {»alias: [a]}\n"),
    ("unknown-key", SHOP + "    env_file: [{path: a, required: false, »requird: 1}]\n"),
    ("bad-choice", SHOP + "    env_file: [{path: a, required: false, format: »Raw}]\n"),
    ("unknown-key", "builds: {app: {»contxt: ./app}}" + TAIL),
    ("unknown-key", "networks: {front: {»drivr: bridge}}" + TAIL),
    ("unknown-key", "volumes:\n  data:\n    »lables: {}" + TAIL),
    ("missing-key", "services:\n  »web:\n    command: sleep 1\n"),
    ("missing-key", "services:\n  »web:\n    image: ''\n"),
    ("missing-key", "images: {»cache: {pull: always}}" + TAIL),
    # types
    ("bad-mapping", "services: »[web]\n"),
    ("bad-mapping", "»services:\n"),
    ("bad-mapping", "services:\n  web: »busybox\n"),
    ("bad-mapping", SHOP + "    labels: »text\n"),
    ("bad-list", SHOP + '    ports: »"8080:80"\n'),
    ("bad-text", "services:\n  web:\n    image: »[busybox]\n"),
    ("bad-text", "services:\n  web:\n    image: »1.36\n"),
    ("bad-text", SHOP + "    user: »1000\n"),
    ("bad-text", SHOP + "    environment: »[[A, B]]\n"),
    ("bad-flag", SHOP + "    init: »perhaps\n"),
    ("bad-number", SHOP + "    scale: »-1\n"),
    ("bad-number", SHOP + "    deploy: {replicas: »two}\n"),
    ("bad-number", SHOP + "    deploy: {replicas: »10001}\n"),
    ("bad-number", SHOP + "    scale: »1000000000\n"),
    ("bad-number", SHOP + f"    scale: »'{'9' * 5000}'\n"),
    # notations
    ("bad-name", "name: »Shop" + TAIL),
    ("bad-name", "services:\n  »we b:\n    image: busybox\n"),
    ("bad-image", "services:\n  web:\n    image: »Busybox\n"),
    ("bad-image", "services:\n  web:\n    image: »r.example:123456/web:1\n"),
    ("bad-port", SHOP + '    ports: [»"8080:99999"]\n'),
    ("bad-port", SHOP + '    ports:\n      - "8080:80"\n      - »"80:http"\n'),
    ("bad-port", SHOP + '    ports: [»"8000-8002:80-81"]\n'),
    ("bad-port", SHOP + '    ports: [»"300.0.0.1:80:80"]\n'),
    ("bad-port", SHOP + '    ports: [»"80:80/tpc"]\n'),
    ("bad-port", SHOP + "    ports: [{target: »0}]\n"),
    ("bad-size", SHOP + "    mem_limit: »64X\n"),
    ("bad-size", SHOP + "    deploy: {resources: {limits: {memory: »lots}}}\n"),
    ("bad-cpus", SHOP + "    cpus: »many\n"),
    ("bad-duration", SHOP + '    healthcheck: {test: "true", interval: »5}\n'),
    ("bad-duration", SHOP + "    stop_grace_period: »5 seconds\n"),
    ("bad-healthcheck", SHOP + "    healthcheck: {test: »[wget, x]}\n"),
    ("bad-command", SHOP + '    command: »"echo \'x"\n'),
    ("bad-restart", SHOP + "    restart: »sometimes\n"),
    ("bad-signal", SHOP + "    stop_signal: »SIGTREM\n"),
    ("bad-choice", SHOP + "    pull_policy: »sometimes\n"),
    ("bad-choice", SHOP + "    volumes: [{type: »volme, source: a, target: /a}]\n"),
    ("bad-volume", SHOP + '    volumes: [»"data:data"]\n'),
    ("bad-volume", SHOP + '    volumes: [»"./a:/a:rx"]\n'),
    ("bad-path", SHOP + "    working_dir: »srv\n"),
    ("bad-path", SHOP + "    working_dir: »5\n"),
    ("bad-hostname", SHOP + "    hostname: »-web\n"),
    ("bad-hostname", SHOP + f"    hostname: »{'a' * 65}\n"),
    ("bad-hostname", SHOP + "    hostname: »12\n"),
    ("bad-flag", SHOP + "    tty: »oui\n"),
    ("bad-flag", SHOP + "    stdin_open: »1\n"),
    ("bad-flag", SHOP + "    read_only: »never\n"),
    ("bad-flag", SHOP + "    privileged: »0\n"),
    ("bad-capability", SHOP + "    cap_add: [NET_ADMIN, »NET_ADMN]\n"),
    ("bad-capability", SHOP + "    cap_drop:\n      - »7\n"),
    ("bad-list", SHOP + "    cap_add: »NET_ADMIN\n"),
    ("bad-host", SHOP + "    extra_hosts: »[db]\n"),
    ("bad-host", SHOP + "    extra_hosts: »{db: localhost}\n"),
    ("bad-host", SHOP + "    extra_hosts: »text\n"),
    ("bad-host", SHOP + '    extra_hosts: »["=10.0.0.1"]\n'),
    ("bad-dns", SHOP + "    dns: »nowhere\n"),
    ("bad-dns", SHOP + "    dns: [9.9.9.9, »9.9.9]\n"),
    ("bad-dns", SHOP + '    dns_search: »"a b"\n'),
    ("bad-dns", SHOP + '    dns_opt: [»"ndots: 2"]\n'),
    ("bad-tmpfs", SHOP + "    tmpfs: »run\n"),
    ("bad-tmpfs", SHOP + "    tmpfs: [/a, »'/run:sise=64m']\n"),
    ("bad-tmpfs", SHOP + "    tmpfs: [»'/run:size=64mb']\n"),
    ("bad-tmpfs", SHOP + "    tmpfs: [»'/run:mode=9']\n"),
    ("bad-tmpfs", SHOP + "    tmpfs: [»'/run:exec=1']\n"),
    ("bad-tmpfs", SHOP + "    tmpfs: [»'/run:size']\n"),
    ("bad-ulimit", SHOP + "    ulimits: »{nofiles: 100}\n"),
    ("bad-ulimit", SHOP + "    ulimits: {nofile: »{soft: 3, hard: 2}}\n"),
    ("bad-ulimit", SHOP + "    ulimits: {nofile: »{soft: -1, hard: 2}}\n"),
    ("bad-ulimit", SHOP + "    ulimits: {nofile: »-2}\n"),
    ("bad-number", SHOP + "    ulimits: {nofile: »many}\n"),
    ("missing-key", SHOP + "    ulimits: {»nofile: {soft: 3}}\n"),
    ("unknown-key", SHOP + "    ulimits: {nofile: {soft: 3, hard: 4, »herd: 4}}\n"),
    ("bad-number", SHOP + "    pids_limit: »-2\n"),
    ("bad-number", SHOP + "    deploy: {resources: {limits: {pids: »1.5}}}\n"),
    ("bad-mapping", SHOP + "    logging: »json-file\n"),
    ("unknown-key", SHOP + "    logging: {»drivr: local}\n"),
    ("bad-text", SHOP + "    logging: {options: »{max-size: [1]}}\n"),
    ("bad-port", SHOP + '    expose: [»"8080:80"]\n'),
    ("bad-port", SHOP + "    expose: [80, »70000]\n"),
    ("bad-port", SHOP + '    expose: [»"80/tpc"]\n'),
    ("bad-sysctl", SHOP + "    sysctls: »{vm.swappiness: 1}\n"),
    ("bad-sysctl", SHOP + "    sysctls: »[net.core.somaxconn]\n"),
    ("bad-group", SHOP + "    group_add: [»'']\n"),
    ("bad-list", SHOP + "    group_add: »1001\n"),
    ("bad-security-opt", SHOP + "    security_opt: [»no-new-privilege]\n"),
    ("bad-security-opt", SHOP + '    security_opt: [»"no-new-privileges:maybe"]\n'),
    ("bad-security-opt", SHOP + "    security_opt: [»seccomp]\n"),
    ("bad-device", SHOP + "    devices: [»ttyUSB0]\n"),
    ("bad-device", SHOP + '    devices: [»"/dev/null:/dev/x:rx"]\n'),
    ("bad-device", SHOP + '    devices: [»"/dev/null:rwm"]\n'),
    ("bad-device", SHOP + '    devices: [»"/dev/a:/dev/b:r:w"]\n'),
    ("bad-device", SHOP + "    devices: [{source: /dev/null, permissions: »rr}]\n"),
    ("missing-key", SHOP + "    devices: [»{target: /dev/x}]\n"),
    ("bad-volume", SHOP + '    volumes: [»"./a:/a:nocopy"]\n'),
    ("bad-volume", SHOP + "    volumes: [»{type: bind, source: ., target: /a, volume: {nocopy: true}}]\n"),
    ("bad-choice", SHOP + "    volumes: [{type: bind, source: ., target: /a, bind: {propagation: »shred}}]\n"),
    ("bad-env-file", SHOP + "    env_file: [»5]\n"),
    ("file-missing", SHOP + "    env_file: [»web.env]\n"),
    # names that nothing bears, and what does not go together
    ("undefined-volume", SHOP + '    volumes: [»"dta:/data"]\nvolumes: {data: {}}\n'),
    ("undefined-network", SHOP + "    networks: [»frnt]\nnetworks: {front: {}}\n"),
    ("undefined-network", SHOP + "    networks: {»frnt: {}}\nnetworks: {front: {}}\n"),
    ("undefined-build", "builds: {web: .}\nservices:\n  web:\n    image: »wbe\n"),
    ("undefined-service", SHOP + "    depends_on: [»bd]\n  db: {image: busybox}\n"),
    ("circle", SHOP + "    depends_on: [»web]\n"),
    ("circle", SHOP + "    depends_on: [»api]\n  api: {image: busybox, depends_on: [web]}\n"),
    ("port-taken", SHOP + '    ports: ["8080:80"]\n  api:\n    image: busybox\n    ports: [»"127.0.0.1:8080:80"]\n'),
    ("port-taken", SHOP + '    ports: ["8080-8083:80-83", »"8081:90"]\n'),
    ("fixed-port", SHOP + '    scale: 2\n    ports: [»"8080:80"]\n'),
    ("said-twice", SHOP + '    volumes: ["./a:/data", »"./b:/data"]\n'),
    ("said-twice", SHOP + "    mem_limit: 64M\n    deploy: {resources: {limits: {memory: »32M}}}\n"),
    ("said-twice", SHOP + "    pids_limit: 10\n    deploy: {resources: {limits: {pids: »20}}}\n"),
    ("said-twice", SHOP + "    volumes: ['./a:/data']\n    tmpfs: [/other, »/data/]\n"),
    ("said-twice", SHOP + "    devices: ['/dev/null:/dev/x', »'/dev/zero:/dev/x']\n"),
    ("said-twice", SHOP + "    scale: »2\n    deploy: {replicas: 3}\n"),
    ("said-twice", "builds: {»web: {dockerfile: a, inline: b}}" + TAIL),
    ("undefined-secret", SHOP + "    secrets: [»pwd]\nsecrets: {pw: {file: pw}}\n"),
    ("undefined-secret", SHOP + "    secrets: [»{source: pwd}]\nsecrets: {pw: {file: pw}}\n"),
    ("undefined-config", SHOP + "    configs: [»site]\nsecrets: {site: {file: pw}}\n"),
    ("missing-key", "secrets: {»pw: {}}" + TAIL),
    ("said-twice", "secrets: {pw: {file: a, »content: b}}" + TAIL),
    ("bad-mapping", "secrets: {pw: »hunter2}" + TAIL),
    ("bad-text", "secrets: {pw: {content: »1234}}" + TAIL),
    ("unknown-key", "secrets: {pw: {»contents: a}}" + TAIL),
    ("bad-environment", 'secrets: {pw: {»environment: "not a name"}}' + TAIL),
    ("bad-target", SHOP + "    configs: [{source: a, target: »/}]\nconfigs: {a: {file: a}}\n"),
    ("bad-number", SHOP + "    configs: [{source: a, mode: »rw}]\nconfigs: {a: {file: a}}\n"),
    ("bad-number", SHOP + "    configs: [{source: a, uid: »root}]\nconfigs: {a: {file: a}}\n"),
    ("said-twice", SHOP + "    secrets: [a, »{source: b, target: a}]\nsecrets: {a: {file: a}, b: {file: b}}\n"),
    ("said-twice", SHOP + "    secrets: [a, »{source: a, target: a/b}]\nsecrets: {a: {file: a}}\n"),
    (
        "said-twice",
        SHOP + "    secrets: [a]\n    configs: [»{source: a, target: /run/secrets/a}]\n"
        "secrets: {a: {file: a}}\nconfigs: {a: {file: a}}\n",
    ),
    (
        "said-twice",
        SHOP + "    volumes: ['./etc:/etc/app']\n    configs: [»{source: a, target: /etc/app/x}]\n"
        "configs: {a: {file: a}}\n",
    ),
    (
        "said-twice",
        SHOP + "    tmpfs: /etc/app\n    configs: [»{source: a, target: /etc/app/x}]\nconfigs: {a: {file: a}}\n",
    ),
    (
        "read-only",
        SHOP + "    read_only: true\n    secrets: [a]\n    configs: [»a]\n"
        "secrets: {a: {file: a}}\nconfigs: {a: {file: a}}\n",
    ),
    ("said-twice", SHOP + "    volumes: ['./s:/run/secrets']\n    secrets: [»a]\nsecrets: {a: {file: a}}\n"),
    ("bad-address", "networks: {front: {ipam: {config: [{subnet: »10.5.0.1}]}}}" + TAIL),
    ("bad-address", "networks: {front: {ipam: {config: [{subnet: »10.5.0.1/24}]}}}" + TAIL),
    ("bad-address", "networks: {front: {ipam: {config: [{subnet: 10.5.0.0/24, gateway: »one}]}}}" + TAIL),
    ("address-outside", "networks: {front: {ipam: {config: [{subnet: 10.5.0.0/24, gateway: »10.6.0.1}]}}}" + TAIL),
    ("address-outside", "networks: {front: {ipam: {config: [{subnet: 10.5.0.0/24, ip_range: »10.5.0.0/23}]}}}" + TAIL),
    ("bad-address", SHOP + "    networks: {front: {ipv4_address: »10.5.0.300}}\n" + FRONT),
    ("address-outside", SHOP + "    networks: {default: {ipv4_address: »10.5.0.3}}\n"),
    ("address-outside", SHOP + "    networks: {front: {ipv4_address: »10.6.0.3}}\n" + FRONT),
    ("address-taken", SHOP + "    networks: {front: {ipv4_address: »10.5.0.1}}\n" + FRONT),
    ("address-taken", SHOP + "    networks: {front: {ipv6_address: »'fd00:0::9'}}\n" + FRONT),
    (
        "address-taken",
        SHOP + "    networks: {front: {ipv4_address: 10.5.0.3}}\n"
        "  api: {image: b, networks: {front: {ipv4_address: »10.5.0.3}}}\n" + FRONT,
    ),
    ("fixed-address", SHOP + "    scale: 2\n    networks: {front: {ipv4_address: »10.5.0.3}}\n" + FRONT),
    ("bad-network-mode", SHOP + "    network_mode: »a b\n"),
    ("network-mode", "name: shop\n" + SHOP + "    network_mode: »front\nnetworks: {front: {}}\n"),
    ("network-mode", "name: shop\n" + SHOP + "    network_mode: »shop_default\n"),
    ("network-mode", SHOP + "    network_mode: »theirs\nnetworks: {front: {external: true, name: theirs}}\n"),
    ("bad-network-mode", SHOP + "    network_mode: »'service:'\n"),
    ("network-mode", SHOP + "    network_mode: host\n    »networks: [default]\n"),
    ("network-mode", SHOP + "    network_mode: host\n    »ports: ['80']\n"),
    ("network-mode", "name: shop\n" + SHOP + "    network_mode: »container:shop-api-1\n  api: {image: b}\n"),
    ("undefined-service", SHOP + "    network_mode: »service:bd\n  db: {image: busybox}\n"),
    ("owner-replicas", SHOP + "    network_mode: »service:db\n  db: {image: busybox, scale: 2}\n"),
    ("circle", SHOP + "    network_mode: »service:web\n"),
    ("circle", SHOP + "    network_mode: »service:api\n  api: {image: busybox, network_mode: 'service:web'}\n"),
    ("circle", SHOP + "    network_mode: »service:api\n  api: {image: busybox, depends_on: [web]}\n"),
    ("bad-ipc", SHOP + "    ipc: »mine\n"),
    ("bad-pid", SHOP + "    pid: »private\n"),
    ("undefined-service", SHOP + "    pid: »service:db\n"),
    ("ipc-not-shared", SHOP + "    ipc: »service:db\n  db: {image: busybox}\n"),
    ("own-container", "name: shop\n" + SHOP + "    pid: »container:shop-db-1\n  db: {image: busybox}\n"),
    ("owner-replicas", SHOP + "    pid: »service:db\n  db: {image: busybox, scale: 2}\n"),
    ("bad-list", SHOP + "    links: »db\n"),
    ("bad-link", SHOP + "    links: [»'a:b:c']\n"),
    ("undefined-service", SHOP + "    links: [»db]\n"),
    ("network-mode", SHOP + "    network_mode: bridge\n    »links: [db]\n  db: {image: busybox}\n"),
    ("circle", SHOP + "    links: [»db]\n  db: {image: busybox, volumes_from: [web]}\n"),
    ("bad-volumes-from", SHOP + "    volumes_from: [»'db:now']\n"),
    ("undefined-service", SHOP + "    volumes_from: [»db]\n"),
    (
        "secrets-shared",
        SHOP + "    volumes_from: [»db]\n  db: {image: busybox, secrets: [a]}\nsecrets: {a: {file: a}}\n",
    ),
    ("bad-container-name", SHOP + "    container_name: »a\n"),
    ("bad-container-name", SHOP + "    container_name: »a/b\n"),
    ("bad-container-name", SHOP + "    container_name: »web.next\n"),
    ("fixed-name", SHOP + "    »container_name: one\n    scale: 2\n"),
    ("fixed-name", SHOP + "    deploy: {replicas: 3}\n    »container_name: one\n"),
    ("fixed-name", SHOP + "    »container_name: one\n    x-deployer: {ignore: [scale]}\n"),
    ("name-taken", SHOP + "    container_name: one\n  api: {image: busybox, »container_name: one}\n"),
    ("name-taken", "name: shop\n" + SHOP + "    »container_name: shop-db-2\n  db: {image: busybox, scale: 2}\n"),
    (
        "own-container",
        SHOP + "    network_mode: service:db\n    pid: »container:one\n  db: {image: busybox, container_name: one}\n",
    ),
    (
        "own-container",
        SHOP + "    external_links: [»'one:base']\n  db: {image: busybox, container_name: one}\n",
    ),
    ("own-container", SHOP + "    volumes_from: [»'container:one:ro']\n  db: {image: busybox, container_name: one}\n"),
    ("own-container", "name: shop\n" + SHOP + "    external_links: [»shop-db-1]\n  db: {image: busybox}\n"),
    ("network-mode", SHOP + "    network_mode: »container:one\n  db: {image: busybox, container_name: one}\n"),
    ("bad-platform", SHOP + "    platform: »linux\n"),
    ("bad-platform", SHOP + "    platform: »linux/amd64/v1/x\n"),
    ("said-twice", SHOP + "    platform: linux/arm64\n  db: {image: busybox, platform: »linux/amd64}\n"),
    ("not-supported-yet", SHOP + "    build: {platforms: »[linux/amd64, linux/arm64]}\n"),
    ("said-twice", SHOP + "networks: {a: {name: x}, b: {name: »x}}\n"),
    ("said-twice", "name: shop\n" + SHOP + "networks: {a: {name: shop_b}, »b: {}}\n"),
    ("said-twice", SHOP + "networks: {x: {external: true}, b: {name: »x}}\n"),
    ("said-twice", SHOP + "volumes: {a: {name: x}, b: {name: »x}}\n"),
    ("bad-mac-address", SHOP + "    mac_address: »02:42\n"),
    ("bad-mac-address", SHOP + "    networks: {default: {mac_address: »mine}}\n"),
    ("external", "networks: {front: {external: true, »driver: bridge}}" + TAIL),
    # registries
    ("bad-registry", "registries: {a: {address: »'http://r:5000'}}" + TAIL),
    ("bad-registry", "registries: {a: {address: »'https://r:5000/'}}" + TAIL),
    ("bad-registry", "registries: {a: {address: »registry}}" + TAIL),
    ("bad-registry", "registries: {a: {address: »'r:99999'}}" + TAIL),
    ("bad-registry", "registries: {a: {address: »'r:5000/A'}}" + TAIL),
    ("bad-registry", "registries: {a: {address: 'r:5000', mirrors: [m.local, »'me:pw@m:5000']}}" + TAIL),
    ("missing-key", "registries: {»a: {insecure: true}}" + TAIL),
    ("missing-key", "registries: {»a: {address: 'r:5000', username: me}}" + TAIL),
    ("missing-key", "registries: {»a: {address: 'r:5000', password: {env: PW}}}" + TAIL),
    ("missing-key", "registries: {a: {address: 'r:5000', username: me, »password: {}}}" + TAIL),
    ("plain-password", "registries: {a: {address: 'r:5000', username: me, password: »hunter2}}" + TAIL),
    ("plain-password", "registries: {a: {address: 'r:5000', username: me, password: »'${PW:-hunter2}'}}" + TAIL),
    ("said-twice", "registries: {a: {address: 'r:5000', username: me, »password: {env: A, file: b}}}" + TAIL),
    ("bad-environment", "registries: {a: {address: 'r:5000', username: me, password: {»env: hunter-2}}}" + TAIL),
    ("said-twice", "registries: {a: {address: 'r:5000'}, b: {address: »'r:5000/'}}" + TAIL),
    ("undefined-service", "registries: {a: {address: 'r:5000', service: »wbe}}" + TAIL),
    ("undefined-registry", "builds: {w: {tag: w, push: »a}}" + TAIL),
    ("undefined-registry", "registries: {a: {address: 'r:5000'}}\nbuilds: {w: {tag: w, push: [a, »b]}}" + TAIL),
    ("push-name", "registries: {a: {address: 'r:5000'}}\nbuilds: {w: {push: »a}}" + TAIL),
    ("push-name", "registries: {a: {address: 'r:5000'}}\nbuilds: {w: {tag: 'r:5000/w', push: [»a]}}" + TAIL),
    ("push-name", "registries: {a: {address: docker.io}}\nbuilds: {w: {tag: 'w:1', push: [»a]}}" + TAIL),
    ("said-twice", "registries: {a: {address: 'r:5000'}}\nbuilds: {w: {tag: 'w:1', push: [a, »a]}}" + TAIL),
    (
        "said-twice",
        "registries: {a: {address: 'r:5000'}}\nbuilds: {w: {tag: 'w', push: a}, v: {tag: 'w:latest', push: »a}}" + TAIL,
    ),
    ("circle", "registries: {a: {address: 'r:5000', service: web}}\nservices: {web: {image: »'r:5000/registry:2'}}"),
    (
        "circle",
        "registries: {a: {address: 'r:5000', service: web}}\nservices: {web: {image: b, depends_on: [db]},"
        " db: {image: »'r:5000/db'}}",
    ),
    # other files, and parts that are not always there
    ("bad-list", "include: »other.yaml" + TAIL),
    ("bad-text", "include: [»1]" + TAIL),
    ("missing-key", "include: [»{env_file: a.env}]" + TAIL),
    ("file-missing", "include: [»other.yaml]" + TAIL),
    ("file-missing", SHOP + "    extends: »{file: other.yaml, service: web}\n"),
    ("undefined-service", SHOP + "    extends: »bd\n  db: {image: busybox}\n"),
    ("bad-extends", SHOP + "    extends: »[db]\n  db: {image: busybox}\n"),
    ("bad-extends", SHOP + "    extends: »{file: other.yaml}\n"),
    ("unknown-key", SHOP + "    extends: {service: db, »fiel: other.yaml}\n  db: {image: busybox}\n"),
    ("circle", SHOP + "    extends: »web\n"),
    ("circle", SHOP + "    extends: db\n  db: {image: busybox, extends: »web}\n"),
    ("bad-list", SHOP + "    profiles: »full\n"),
    ("inactive-service", SHOP + "    depends_on: [»db]\n  db: {image: busybox, profiles: [full]}\n"),
    ("inactive-service", SHOP + "    network_mode: »service:db\n  db: {image: busybox, profiles: [full]}\n"),
    ("undefined-service", SHOP + "    depends_on: {»bd: {required: false}}\n  db: {image: busybox}\n"),
    ("bad-flag", SHOP + "    depends_on: {db: {required: »perhaps}}\n  db: {image: busybox}\n"),
    # variables
    ("unset-variable", "services:\n  web:\n    image: »busybox:${TAG:?say which version}\n"),
    ("unset-variable", SHOP + "    scale: »${MANY:?how many}\n"),
    ("bad-interpolation", SHOP + "    environment:\n      A: »${A\n"),
    ("sensitive-name", SHOP + "    labels: [»'key.${API_TOKEN:-x}=v']\n"),
    ("sensitive-name", SHOP + "    environment: [»'${API_TOKEN:-x}']\n"),
    # limits
    ("bad-cpuset", SHOP + "    cpuset: »0-x\n"),
    ("bad-cpuset", SHOP + "    cpuset: »5-2\n"),
    ("bad-cpuset", SHOP + "    cpuset: »0-9999999\n"),
    ("bad-number", SHOP + "    mem_swappiness: »101\n"),
    ("bad-number", SHOP + "    oom_score_adj: »-1001\n"),
    ("bad-number", SHOP + "    blkio_config: {weight: »5}\n"),
    ("bad-device", SHOP + "    blkio_config: {device_read_bps: [{path: »sda, rate: 1M}]}\n"),
    ("bad-device", SHOP + "    device_cgroup_rules: [»c 1:3 x]\n"),
    ("bad-device", SHOP + '    devices: [»"vendor.example/gpu=all:/dev/x"]\n'),
    ("bad-choice", SHOP + "    cgroup: »shared\n"),
    ("bad-list", SHOP + "    gpus: »some\n"),
    ("said-twice", SHOP + "    gpus: [»{count: 1, device_ids: [a]}]\n"),
    ("missing-key", SHOP + "    deploy: {resources: {reservations: {devices: [»{count: 1}]}}}\n"),
    ("missing-key", SHOP + "    deploy: {»restart_policy: {delay: 1s}}\n"),
    ("bad-restart", SHOP + "    deploy: {restart_policy: »{condition: any, max_attempts: 3}}\n"),
    ("said-twice", SHOP + "    restart: always\n    deploy: {restart_policy: »{condition: none}}\n"),
    ("said-twice", SHOP + "    mem_reservation: 1m\n    deploy: {resources: {reservations: {memory: »2m}}}\n"),
    ("keys-conflict", SHOP + "    memswap_limit: »1m\n"),
    ("keys-conflict", SHOP + "    mem_limit: 2m\n    memswap_limit: »1m\n"),
    ("keys-conflict", SHOP + "    mem_limit: 2m\n    deploy: {resources: {reservations: {memory: »3m}}}\n"),
    ("keys-conflict", SHOP + "    cpus: 1\n    cpu_quota: »1000\n"),
    ("keys-conflict", SHOP + "    cpus: 1\n    cpu_period: »1000\n"),
    ("keys-conflict", SHOP + "    cpu_rt_period: 1000\n    cpu_rt_runtime: »2000\n"),
    ("keys-conflict", SHOP + "    uts: host\n    hostname: »a\n"),
    ("keys-conflict", SHOP + "    uts: host\n    domainname: »a\n"),
    # what there will be
    ("not-supported-yet", SHOP + "    »credential_spec: {file: a}\n"),
    ("not-supported-yet", SHOP + '    security_opt: [»"seccomp:./profile.json"]\n'),
    ("said-twice", SHOP + "    deploy: {mode: global, replicas: »2}\n"),
    ("said-twice", SHOP + "    deploy: {mode: global}\n    scale: »3\n"),
    ("not-supported-yet", SHOP + "    deploy: {mode: »global-job}\n"),
    ("needs-swarm", "secrets: {pw: {file: pw, »external: true}}" + TAIL),
    ("needs-swarm", "configs: {site: {»template_driver: golang, file: a}}" + TAIL),
    ("not-supported-yet", "include: [»'https://example.com/shop.git']" + TAIL),
    ("not-supported-yet", SHOP + "    build: {context: ., »pull: true}\n"),
    ("not-supported-yet", SHOP + "    x-deployer: {»exclusive: false}\n"),
    # what is deployer's own
    ("unknown-field", SHOP + "    x-deployer: {ignore: [mem_limit, »mem_limt]}\n"),
    ("unknown-field", SHOP + "    x-deployer: {ignore: [»lables.tier]}\n"),
    ("unknown-field", SHOP + "    x-deployer: {ignore: [»healthcheck.intervall]}\n"),
    ("bad-ignore", SHOP + "    x-deployer: {ignore: [»image]}\n"),
    ("bad-ignore", SHOP + "    x-deployer: {ignore: [»ports.8080]}\n"),
    ("bad-ignore", SHOP + "    x-deployer: {ignore: [»logging.options]}\n"),
    ("unknown-key", "x-deployer: {»ignore: [mem_limit]}\n" + SHOP),
    ("bad-reload", SHOP + "    x-deployer: {reload: {»./conf: restart}}\n"),
    ("bad-reload", SHOP + "    volumes: [./conf:/a]\n    x-deployer: {reload: {»./conf/a.conf: restart}}\n"),
    ("bad-reload", SHOP + "    volumes: [./conf:/a]\n    x-deployer: {reload: {./conf: »sighub}}\n"),
    ("not-supported-yet", SHOP + "    deploy: {update_config: {order: »start-first}}\n"),
    ("not-supported-yet", SHOP + "    volumes: [{type: »npipe, source: a, target: /a}]\n"),
]


def read_no_env_file(name: str, place: Place) -> Mapping[str, tuple[str, Place]]:
    raise InvalidStack(Diagnostic("file-missing", f"{name} does not exist", place))


def mistakes_of(text: str) -> list[Diagnostic]:
    """What is wrong with a stack file in the folder `shop`, where no variable is set and no env file is."""
    try:
        load(text, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=read_no_env_file)
    except InvalidStack as error:
        return list(error.diagnostics)
    return []


def told(text: str) -> list[tuple[str, int, int]]:
    found = mistakes_of(text)
    return [(each.code, each.place.line, each.place.column) for each in found if each.place]


def place_of_mark(text: str) -> tuple[int, int]:
    before = text.partition("»")[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(("code", "marked"), MISTAKES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(MISTAKES)])
def test_a_mistake_is_told_once_and_where_it_is(code: str, marked: str):
    """One diagnostic, with a code that scripts can know it by, at the line and column of what is wrong."""
    assert told(marked.replace("»", "")) == [(code, *place_of_mark(marked))]


@pytest.mark.parametrize(
    "right",
    ["labels: ['key=${API_TOKEN:-x}']", 'environment: ["A=${API_TOKEN:-x=y}"]', "command: ['${API_TOKEN:-x} a=b']"],
)
def test_a_sensitive_variable_may_stand_where_no_name_is(right: str):
    assert told(f"{SHOP}    {right}\n") == []


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("    imge: busybox\n", "image"),
        ("    image: b\n    volumes: ['dta:/a']\n", "data"),
        ("    image: b\n    networks: [frnt]\n", "front"),
        ("    image: b\n    depends_on: [bd]\n", "db"),
        ("    image: cahce\n", "cache"),
        ("    image: b\n    secrets: [pasword]\n", "password"),
        ("    image: b\n    pull_policy: alway\n", "always"),
    ],
)
def test_a_name_that_is_near_another_is_asked_about(wrong: str, meant: str):
    """Keys, choices and names of the file itself: the nearest is offered."""
    named = "volumes: {data: }\nnetworks: {front: }\nimages: {cache: redis}\nsecrets: {password: {file: p}}\n"
    text = f"services:\n  db: {{image: b}}\n  web:\n{wrong}{named}"

    assert [f"did you mean {meant!r}?" in each.hint for each in mistakes_of(text)] == [True]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("replicas: two", "write scale: N, or deploy: {replicas: N}"),
        ("update_config: {order: stop-first}", "write it under deploy: {update_config: ...}"),
        ("resources: {limits: {cpus: 1}}", "write it under deploy: {resources: ...}"),
    ],
)
def test_a_key_of_deploy_that_stands_beside_it_is_told_its_place(key: str, hint: str):
    """What it is near to by its letters, such as `devices`, is not what is meant."""
    assert [(each.code, each.hint) for each in mistakes_of(f"{SHOP}    {key}\n")] == [("unknown-key", hint)]


@pytest.mark.parametrize("name", ["Bad Name", "shop.deployer.r1", "-shop", "shop\n"])
def test_a_name_that_is_said_beside_the_file_must_be_one_too(name: str):
    """By -p, or by COMPOSE_PROJECT_NAME: records are known from volumes by the dot, which stands in no name."""
    with pytest.raises(InvalidStack, match="is no name for a stack"):
        load(SHOP, file="stack.yaml", folder="/srv", environment={}, read_env_file=read_no_env_file, name=name)
    with pytest.raises(InvalidStack, match="is no name for a stack"):
        named_stack(name)


def test_a_circle_is_printed_as_a_way_round():
    """From the first service of the file that is in it, and once, whichever service it is begun from."""
    text = "services:\n" + "".join(
        f"  {name}: {{image: b, depends_on: [{target}]}}\n" for name, target in ("ab", "bc", "cd", "db")
    )

    assert [each.message for each in mistakes_of(text)] == [
        "services depend on each other in a circle: b -> c -> d -> b"
    ]


def test_a_chain_of_services_may_be_long():
    """Of more than Python can call functions; also where it ends in a circle."""
    chain = "".join(f"  s{number}: {{image: 'b:1', depends_on: [s{number + 1}]}}\n" for number in range(1500))
    assert told(f"services:\n{chain}  s1500: {{image: 'b:1'}}\n") == []
    assert [code for code, *_ in told(f"services:\n{chain}  s1500: {{image: 'b:1', depends_on: [s1499]}}\n")] == [
        "circle"
    ]


def test_all_the_mistakes_of_a_file_are_told_at_once():
    """In the order of their lines, also those between things that are wrong in themselves."""
    text = (
        "name: Shop\n"
        "services:\n"
        "  web:\n"
        "    imge: busybox\n"
        '    ports: ["8080:80", "x"]\n'
        "    volumes: ['dta:/data', 'data:/b']\n"
        "    command: ${C:?needed}\n"
        "    image2: a\n"
        "    image2: b\n"
        "  db: {image: busybox, scale: two, depends_on: [wbe]}\n"
        "volumes: {data: 5}\n"
    )

    assert [(code, line) for code, line, _ in told(text)] == [
        ("bad-name", 1),
        ("unknown-key", 4),
        ("bad-port", 5),
        ("undefined-volume", 6),
        ("unset-variable", 7),
        ("unknown-key", 8),
        ("duplicate-key", 9),
        ("bad-number", 10),
        ("undefined-service", 10),
        ("bad-mapping", 11),
    ]


def test_a_mistake_behind_an_alias_is_told_where_it_is_written():
    """For each service that has it from there."""
    text = "x-base: &base {image: b, prts: []}\nservices:\n  web: {<<: *base}\n  api: {<<: *base}\n"

    assert told(text) == [("unknown-key", 1, 26), ("unknown-key", 1, 26)]


def test_no_secret_is_in_a_diagnostic():
    """Neither in the message nor in the line that is shown."""
    text = SHOP + "    environment:\n      DB_PASSWORD: [hunter2]\n      API_TOKEN: hunter2${\n"

    found = mistakes_of(text)

    assert len(found) == 2
    assert "hunter2" not in repr([(each, each.place and each.place.excerpt) for each in found])


@pytest.mark.parametrize(
    "text",
    [
        SHOP,
        SHOP + "    ports: ['127.0.0.1:8080:80']\n  api: {image: b, ports: ['127.0.0.2:8080:80', '8080:80/udp']}\n",
        SHOP + "    scale: 2\n    ports: ['80', '127.0.0.1::81']\n",
        SHOP
        + "    networks: {front: {ipv4_address: 10.5.0.3, ipv6_address: 'fd00::3', link_local_ips: [169.254.1.1]}}\n"
        + FRONT,
        SHOP + "    networks: {front: {ipv4_address: 10.6.0.3}}\nnetworks: {front: {external: true}}\n",
        SHOP + "    network_mode: bridge\n    ports: ['80']\n",
        SHOP
        + "    network_mode: service:db\n    depends_on: {db: {condition: service_healthy, restart: true}}\n"
        + "  db: {image: b, ports: ['80']}\n",
        SHOP + "    x-mine: {anything: [1]}\nx-too: true\n",
        SHOP
        + "    depends_on: {db: {condition: service_healthy}}\n"
        + "  db: {image: b, depends_on: [cache]}\n  cache: {image: c}\n",
        "services: {web: {build: .}, api: {image: web}}\n",
        "builds: {nginx-web: .}\nservices: {web: {image: nginx-web}, proxy: {image: nginx}}\n",
        "builds: {Web: .}\nservices: {web: {image: Web}}\n",
        SHOP + "    environment: {x-name: kept, COLOR: blue}\n    labels: {x-label: kept}\n",
    ],
)
def test_what_is_right_is_not_complained_about(text: str):
    """Near misses of the mistakes above."""
    assert told(text) == []


def test_a_service_may_have_all_ports_of_a_host():
    """Each compared with each of the others, they would be looked at for an hour."""
    assert told(SHOP + "    ports: ['1-32767:1-32767', '[::1]:32768-65535:1-32768']\n") == []


def test_a_service_may_wait_for_a_registry_by_countless_ways():
    """Each layer of services needs both of the next; followed one by one, nobody would see the end of them."""
    services = ["  reg: {image: registry, depends_on: [a0, b0]}", "  app: {image: 'localhost:5000/app'}"]
    for layer in range(40):
        needs = f"[a{layer + 1}, b{layer + 1}]" if layer < 39 else "[]"
        services += [f"  {side}{layer}: {{image: x, depends_on: {needs}}}" for side in "ab"]
    registry = "registries: {own: {address: 'localhost:5000', service: reg}}\n"
    assert told("\n".join([f"{registry}services:", *services, ""])) == []


def test_no_mistake_shows_a_password():
    """Neither its message, nor its hint, nor the line."""
    for written in ("hunter2", "[hunter2]", "{env: hunter2!}", "{evn: hunter2}", "{file: [hunter2]}"):
        text = f"registries:\n  a:\n    address: r:5000\n    username: me\n    password: {written}\n{SHOP}"
        found = mistakes_of(text)
        assert found
        assert "hunter2" not in "".join(f"{each}{each.hint}{each.place and each.place.excerpt}" for each in found)
