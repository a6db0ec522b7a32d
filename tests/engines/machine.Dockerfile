# The environment's image as a machine of a cluster: with sshd, and a clock that can be set.
ARG BASE
FROM $BASE
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        openssh-server=1:8.4p1-5+deb11u7 libfaketime=0.9.8-9 \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* && mkdir -p /run/sshd
# keys of its own for each machine, made where it starts for the first time
CMD ["sh", "-ec", "[ -e /root/.ssh/id_ed25519 ] || \
    { ssh-keygen -A; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; }; exec /usr/sbin/sshd -D -e"]
