# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
# SQLite and the cryptography of TLS are compiled from C; the image brings gcc along, and no more is needed.
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY providers providers
COPY benches benches
COPY src src
# The caches keep what was downloaded and compiled from one build to the next; the binary has to leave them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin neon-sms-relay \
    && cp target/release/neon-sms-relay /neon-sms-relay \
    && mkdir /data

# glibc and libgcc, a user without rights, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /neon-sms-relay /usr/local/bin/neon-sms-relay
# A new volume takes over the owner of the folder that it is mounted on.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV STORE_URL=sqlite:///data/neon-sms-relay.db
VOLUME /data
EXPOSE 8080 9091
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s CMD ["neon-sms-relay", "healthcheck"]
ENTRYPOINT ["neon-sms-relay"]
CMD ["serve"]
