# One image for every process; docker-compose.yml says which command each container runs.

FROM python:3.13-slim-bookworm AS packages
RUN pip install --no-cache-dir uv==0.9.9
COPY requirements.txt .
RUN uv venv /venv && uv pip install --no-cache --python /venv/bin/python --require-hashes -r requirements.txt

FROM python:3.13-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TZ=UTC
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin simplero
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Fonts, then every static file under a name that holds its hash, compressed. The values are for this step only:
# settings want to see them and nothing connects.
RUN python -m simplero.web.fonts var/assets \
 && SECRET_KEY=collectstatic SITE_URL=http://localhost DATABASE_URL=postgresql://nobody@127.0.0.1:9/none python manage.py collectstatic --noinput
USER simplero
EXPOSE 8000
CMD ["gunicorn", "simplero.wsgi:application", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=8", "--no-control-socket", "--worker-tmp-dir=/dev/shm", "--access-logfile=-", "--access-logformat=%(m)s %(U)s %(s)s %(M)s ms", "--logger-class=simplero.web.accesslog.AccessLogger"]
