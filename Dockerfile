# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
# SQLite and the cryptography of TLS are compiled from C; the image brings gcc along, and no more is needed.
WORKDIR /build
# The dependencies alone, in a layer that outlives a change of the sources. Cache mounts would do it better, but
# Railway takes only such as name a service of its own.
COPY Cargo.toml Cargo.lock ./
COPY fuzz/Cargo.toml fuzz/
COPY providers/Cargo.toml providers/
COPY benches benches
RUN mkdir src fuzz/src providers/src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs fuzz/src/lib.rs providers/src/lib.rs \
    && cargo build --release --locked --bin neon-sms-relay
COPY providers providers
COPY src src
# What is copied may be older than what was built in its place.
RUN touch src/main.rs src/lib.rs providers/src/lib.rs \
    && cargo build --release --locked --bin neon-sms-relay \
    && cp target/release/neon-sms-relay /neon-sms-relay \
    && mkdir /data

# glibc and libgcc, a user without rights, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /neon-sms-relay /usr/local/bin/neon-sms-relay
# A new volume of Docker's takes over the owner of the folder that it is mounted on. The image declares none, which
# Railway would refuse: without `-v …:/data` the store goes with the container.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
# The store is made here unless STORE_URL, or the file of STORE_URL_FILE, says otherwise.
WORKDIR /data
EXPOSE 8080 9091
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s CMD ["neon-sms-relay", "healthcheck"]
ENTRYPOINT ["neon-sms-relay"]
CMD ["serve"]
