# deployer as an image: docker build -t deployer:local .
#
# Where containers reach no package index, scripts/wheels puts what is needed into wheels/, and
# --build-arg PIP_NO_INDEX=1 makes do with that.
FROM python:3.11-slim AS build
ARG PIP_NO_INDEX
COPY pyproject.toml README.md LICENSE wheel[s] /wheels/
COPY deployer /src/deployer
RUN cp /wheels/pyproject.toml /wheels/README.md /wheels/LICENSE /src/ \
 && python -m pip install --no-cache-dir --no-compile --find-links /wheels --target /opt/deployer '/src[agent,age]'

FROM python:3.11-slim
# The agent follows a repository with git, by https or ssh.
RUN command -v git ssh >/dev/null \
 || { apt-get update && apt-get install -y --no-install-recommends git openssh-client && rm -rf /var/lib/apt/lists/*; }
COPY --from=build /opt/deployer /opt/deployer
ENV PYTHONPATH=/opt/deployer PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/var/lib/deployer XDG_STATE_HOME=/var/lib/deployer
# It is nobody special, but for the group of the engine's socket, which --group-add says. ssh wants to know who that is, and takes
# the hosts that it may trust from what is mounted at /etc/deployer.
RUN echo 'deployer:x:10001:10001::/var/lib/deployer:/usr/sbin/nologin' >>/etc/passwd && echo 'deployer:x:10001:' >>/etc/group \
 && mkdir -p /var/lib/deployer /etc/ssh && chown 10001:10001 /var/lib/deployer \
 && ln -s /etc/deployer/known_hosts /etc/ssh/ssh_known_hosts
USER 10001:10001
VOLUME /var/lib/deployer
WORKDIR /stack
ENTRYPOINT ["python", "-m", "deployer"]
CMD ["--help"]
