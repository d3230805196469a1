# Two images from one file.
#
#   docker build --target serve -t inspire-atlas:serve .
#   docker run --rm --read-only --tmpfs /tmp -v atlas-jobs:/jobs -p 8050:8050 \
#       -v "$PWD/heart.atlas.zarr:/atlas/heart.atlas.zarr:ro" \
#       inspire-atlas:serve serve /atlas/heart.atlas.zarr
#
#   docker build --target fit -t inspire-atlas:fit .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/slices:/slices:ro" -v "$PWD/stores:/stores" \
#       inspire-atlas:fit fit /slices --out /stores/heart.atlas.zarr
#
# The serve image is that of workers too (`work` instead of `serve`); atlas_app/SERVING.md has a file
# for Docker Compose. Stores are only ever read by the serve image: mount them under /atlas with :ro, or
# give URLs such as s3://bucket/heart.atlas.zarr and pass AWS_ENDPOINT_URL and the usual AWS_ variables
# with -e.
# PIP_OPTIONS reaches every pip install, for instance to choose an index with CPU builds of torch.

FROM python:3.11-slim AS base
ARG PIP_OPTIONS=""
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp \
    NUMBA_CACHE_DIR=/tmp
RUN groupadd --system --gid 10001 atlas \
    && useradd --system --uid 10001 --gid atlas --home-dir /tmp --shell /usr/sbin/nologin atlas
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY data_manifest/ data_manifest/
COPY assets/ assets/
COPY training/ training/
COPY atlas_app/ atlas_app/

FROM base AS fit
RUN pip install ${PIP_OPTIONS} --constraint constraints.txt ".[fit,data]"
WORKDIR /stores
RUN chown atlas:atlas /stores
USER atlas
ENTRYPOINT ["atlas"]
CMD ["--help"]

FROM base AS serve
RUN pip install ${PIP_OPTIONS} --constraint constraints.txt ".[app,project,celery,remote]"
ENV ATLAS_HOST=0.0.0.0 \
    ATLAS_PORT=8050 \
    ATLAS_JOB_FOLDER=/jobs
# /atlas stays root's: the server has no right to write there even without :ro.
RUN mkdir /atlas /jobs && chown atlas:atlas /jobs && chmod 700 /jobs
VOLUME ["/jobs"]
WORKDIR /jobs
USER atlas
EXPOSE 8050
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['ATLAS_PORT'] + os.environ.get('ATLAS_PREFIX', '') + '/health', timeout=4)"]
ENTRYPOINT ["atlas"]
CMD ["serve"]
