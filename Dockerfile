# SPDX-License-Identifier: BSD-2-Clause
#
# One image for all of Guerdon's processes; compose.yml says which container
# is what.  Everything is Debian 12's, but for the pages of Swagger UI.

# The programs, and which packages they need when they run.
FROM debian:bookworm-slim AS build
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	autoconf automake dpkg-dev gcc libc6-dev make pkg-config \
	libcjson-dev libfcgi-dev libjwt-dev libmongoc-dev liboath-dev libsodium-dev \
	libutf8proc-dev libseccomp-dev libzxcvbn-dev
WORKDIR /src
COPY . .
RUN autoreconf -fi && \
    ./configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var && \
    make -j"$(nproc)" && \
    make install DESTDIR=/out
RUN mkdir debian && printf 'Source: guerdon\n\nPackage: guerdon\nArchitecture: any\n' \
	>debian/control && \
    find /out/usr -type f -perm -100 -exec sh -c \
	'head -c 4 "$1" | grep -q ELF' sh {} \; -print | \
	sed 's/^/-e/' | xargs dpkg-shlibdeps -O | \
	sed 's/^shlibs:Depends=//; s/([^)]*)//g; s/,/ /g' >/packages && \
    test -s /packages

# The static pages.
FROM debian:bookworm-slim AS pages
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	npm
WORKDIR /src
COPY swagger swagger
RUN swagger/setup /pages

# What runs.  Its user owns nothing but the folders that volumes are put on.
FROM debian:bookworm-slim
COPY --from=build /packages /usr/share/guerdon/packages
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	curl libfcgi-bin lighttpd multiwatch spawn-fcgi tzdata \
	$(cat /usr/share/guerdon/packages) && \
    rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 guerdon && \
    useradd --uid 10001 --gid guerdon --home-dir /var/lib/guerdon \
	--no-create-home --shell /usr/sbin/nologin guerdon && \
    install -d -m 0700 -o guerdon -g guerdon /var/lib/guerdon \
	/var/lib/guerdon/run /var/lib/guerdon/keys /var/lib/guerdon/keys/auth \
	/var/lib/guerdon/data /var/lib/guerdon/data/spool
COPY --from=build /out/usr /usr
COPY --from=pages /pages /usr/share/guerdon/swagger
COPY lighttpd.conf contrib/docker/guerdon.conf /etc/guerdon/
COPY contrib/docker/lighttpd.d /var/lib/guerdon/lighttpd.d
COPY contrib/docker/entrypoint contrib/docker/health \
	/usr/share/guerdon/docker/
ENV GUERDON_HOME=/var/lib/guerdon \
    MONGOC_DISABLE_SHM=1 \
    GUERDON_CONF=/etc/guerdon/guerdon.conf \
    GUERDON_WORKERS=4 \
    GUERDON_BIND=0.0.0.0 \
    GUERDON_HTTP_PORT=8000 \
    GUERDON_AUTH_PORT=8080 \
    GUERDON_EVENT_PORT=8081 \
    GUERDON_OPS_PORT=8082 \
    GUERDON_SWAGGER=/usr/share/guerdon/swagger
USER guerdon
WORKDIR /var/lib/guerdon
ENTRYPOINT ["/usr/share/guerdon/docker/entrypoint"]
