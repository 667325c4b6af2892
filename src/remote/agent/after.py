"""Helper of agent.sh: what a shell alone cannot do well after a run.

    after.py put LIST s3://bucket/prefix   LIST: a line with a name, then one with its path, and so on
    after.py call URL-FILE BODY-FILE       POSTs a JSON body to the address in URL-FILE

Nothing but the standard library, Python 3.6 or later. Secrets come by the
environment, the files of the AWS CLI or the instance's role, never by an
argument. A failure is one line on stderr that holds none of them.
"""

import concurrent.futures
import configparser
import datetime
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import ssl
import sys
import time
import urllib.parse

MIB = 1024 * 1024
# Larger files go in parts, each of which is repeated alone when it fails.
WHOLE_BYTES = 64 * MIB
PART_BYTES = 16 * MIB
MAX_PARTS = 9000
# Each of them holds one part in memory.
SENDERS = 4
TRIES = 5
TIMEOUT_SECONDS = 30
CALL_SECONDS = 10
METADATA = "http://169.254.169.254"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


class Failure(Exception):
    """Told to the caller as it is: holds no secret."""


# ------------------------------------------------------------- credentials ---


class Credentials:
    """Who signs, and for which region."""

    def __init__(self, key, secret, token=None):
        self.key = key
        self.secret = secret
        self.token = token


def find_credentials(profile):
    """From the environment, else the profile, else the role of the instance."""
    environ = os.environ
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        return Credentials(
            environ["AWS_ACCESS_KEY_ID"],
            environ["AWS_SECRET_ACCESS_KEY"],
            environ.get("AWS_SESSION_TOKEN"),
        )
    if profile.get("aws_access_key_id") and profile.get("aws_secret_access_key"):
        return Credentials(
            profile["aws_access_key_id"],
            profile["aws_secret_access_key"],
            profile.get("aws_session_token"),
        )
    role = role_credentials()
    if role is None:
        raise Failure("no credentials: none in the environment, ~/.aws or the role of the instance")
    return role


def read_profile():
    """What ~/.aws/credentials and ~/.aws/config say of the profile."""
    name = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    found = {}
    for variable, file, sections in (
        ("AWS_CONFIG_FILE", "config", ("profile " + name, name)),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", (name,)),
    ):
        path = os.environ.get(variable) or os.path.join("~", ".aws", file)
        parser = configparser.RawConfigParser()
        try:
            parser.read(os.path.expanduser(path))
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in sections:
            if parser.has_section(section):
                found.update(parser.items(section))
                break
    return found


def role_credentials():
    """Of the role of an EC2 instance, by a session of its metadata service; None elsewhere."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    try:
        token = metadata("PUT", "/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": "300"})
        headers = {"x-aws-ec2-metadata-token": token}
        role = metadata("GET", ROLE_PATH, headers).split("\n")[0]
        answer = json.loads(metadata("GET", ROLE_PATH + role, headers))
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None


def metadata(method, path, headers):
    # Another address by the name that Amazon's own tools know.
    parts = urllib.parse.urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or METADATA)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=2)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        if answer.status != 200:
            raise ValueError("metadata service")
        return text
    finally:
        connection.close()


# --------------------------------------------------------------- signature ---


def sign(credentials, region, method, path, query, headers, payload_hash, now):
    """The headers of a request signed with AWS Signature Version 4 for S3.

    path and query as they are sent, encoded; query sorted by name; headers by
    lower-case name, with "host" among them; now a UTC datetime.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = dict(headers)
    signed["x-amz-content-sha256"] = payload_hash
    signed["x-amz-date"] = stamp
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    lines = [method, path, query]
    lines += ["%s:%s" % (name, " ".join(signed[name].split())) for name in names]
    lines += ["", ";".join(names), payload_hash]
    scope = "%s/%s/s3/aws4_request" % (stamp[:8], region)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest])
    key = ("AWS4" + credentials.secret).encode()
    for part in (stamp[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    signed["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (
        credentials.key,
        scope,
        ";".join(names),
        signature,
    )
    return signed


def encode_path(path):
    return urllib.parse.quote(path, safe="/-_.~")


# ------------------------------------------------------------------ bucket ---


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def element(self, name):
        found = re.search("<%s>([^<]*)</%s>" % (name, name), self.body.decode("utf-8", "replace"))
        return found.group(1) if found else None

    def reason(self):
        code = self.element("Code")
        return "HTTP %d%s" % (self.status, " " + code if code else "")


class Piece:
    """Bytes of a file from an offset on, sent without holding all of them."""

    def __init__(self, path, size):
        self.path = path
        self.size = size

    def hash(self):
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self):
        left = self.size
        with open(self.path, "rb") as file:
            while left > 0:
                chunk = file.read(min(MIB, left))
                if not chunk:
                    raise Failure("%s became shorter while it was sent" % os.path.basename(self.path))
                left -= len(chunk)
                yield chunk


class Bytes:
    """A body that is in memory."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def hash(self):
        return hashlib.sha256(self.data).hexdigest()

    def chunks(self):
        if self.data:
            yield self.data


class Bucket:
    """Signed requests to one bucket, repeated while that can help."""

    def __init__(self, name, credentials, region, endpoint):
        self.name = name
        self.credentials = credentials
        self.region = region
        self.endpoint = endpoint
        self.context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
        # Seconds by which the service's clock is ahead of ours.
        self.ahead = 0.0

    def place(self):
        """Scheme, host and the path before the key."""
        if self.endpoint:
            parts = urllib.parse.urlsplit(self.endpoint)
            return parts.scheme, parts.netloc, "%s/%s" % (parts.path.rstrip("/"), self.name)
        host = "s3.%s.amazonaws.com%s" % (self.region, ".cn" if self.region.startswith("cn-") else "")
        # A wildcard certificate covers no name with points.
        if "." in self.name:
            return "https", host, "/" + self.name
        return "https", "%s.%s" % (self.name, host), ""

    def ask(self, method, key, query=(), body=Bytes(b""), payload_hash=None):
        """The answer, of status 200 to 299; raises Failure when it is none after all tries."""
        if payload_hash is None:
            payload_hash = body.hash() if body.size else EMPTY_HASH
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(8, 0.5 * 2**attempt) * (0.5 + random.random() / 2))
            try:
                answer = self.once(method, key, query, body, payload_hash)
            except ssl.SSLCertVerificationError as error:
                raise Failure("the certificate of the service: %s" % error.verify_message)
            except (OSError, http.client.HTTPException) as error:
                reason = type(error).__name__ + (": %s" % error.strerror if getattr(error, "strerror", None) else "")
                continue
            if 200 <= answer.status < 300 and not answer.body.lstrip().startswith(b"<Error"):
                error = answer.element("Code") if b"<Error>" in answer.body[:1000] else None
                if error is None:
                    return answer
            reason = answer.reason()
            if not self.can_help(answer):
                break
        # The reason first: where there is little room, the end is cut.
        raise Failure("%s at %s of %s" % (reason, method, key))

    def can_help(self, answer):
        """Whether another try may go better; learns from what the service says."""
        code = answer.element("Code")
        region = answer.headers.get("x-amz-bucket-region") or answer.element("Region")
        if answer.status in (301, 307, 400) and region and region != self.region:
            self.region = region
            return True
        date = answer.headers.get("date")
        if code == "RequestTimeTooSkewed" and date:
            self.ahead = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
            return True
        return answer.status in (200, 408, 429) or answer.status >= 500

    def once(self, method, key, query, body, payload_hash):
        scheme, host, base = self.place()
        path = encode_path("%s/%s" % (base, key))
        text = "&".join(
            "%s=%s" % (urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~"))
            for name, value in sorted(query)
        )
        now = datetime.datetime.utcfromtimestamp(time.time() + self.ahead)
        headers = sign(self.credentials, self.region, method, path, text, {"host": host}, payload_hash, now)
        headers["content-length"] = str(body.size)
        if scheme == "https":
            connection = http.client.HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=self.context)
        else:
            connection = http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
        try:
            connection.putrequest(method, path + ("?" + text if text else ""), skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                for chunk in body.chunks():
                    connection.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                # A service that refuses does not read all of it; the answer says why.
                pass
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def put(self, key, path):
        """Sends a file and proves by another request that all of it is there."""
        size = os.stat(path).st_size
        etag = self.put_whole(key, path, size) if size <= WHOLE_BYTES else self.put_parts(key, path, size)
        seen = self.ask("HEAD", key).headers
        if seen.get("content-length") != str(size) or (etag and seen.get("etag") != etag):
            raise Failure("%s is not there as it was sent" % key)

    def put_whole(self, key, path, size):
        return self.ask("PUT", key, body=Piece(path, size)).headers.get("etag")

    def put_parts(self, key, path, size):
        upload = self.ask("POST", key, [("uploads", "")]).element("UploadId")
        if not upload:
            raise Failure("no upload of %s could be begun" % key)
        try:
            part_bytes = max(PART_BYTES, -(-size // MAX_PARTS // MIB) * MIB)
            count = -(-size // part_bytes)

            def send(number):
                with open(path, "rb") as file:
                    file.seek((number - 1) * part_bytes)
                    data = file.read(min(part_bytes, size - (number - 1) * part_bytes))
                query = [("partNumber", str(number)), ("uploadId", upload)]
                return self.ask("PUT", key, query, Bytes(data)).headers.get("etag", "")

            with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
                futures = [pool.submit(send, number) for number in range(1, count + 1)]
                try:
                    etags = [future.result() for future in futures]
                except BaseException:
                    for future in futures:
                        future.cancel()
                    raise
            parts = "".join(
                "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % (number, etag)
                for number, etag in enumerate(etags, 1)
            )
            text = "<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % parts
            answer = self.ask("POST", key, [("uploadId", upload)], Bytes(text.encode()))
            return (answer.element("ETag") or "").replace("&quot;", '"')
        except BaseException:
            # Parts that nobody wants any more are paid for otherwise.
            try:
                self.ask("DELETE", key, [("uploadId", upload)])
            except Failure:
                pass
            raise


def open_bucket(name):
    profile = read_profile()
    environ = os.environ
    return Bucket(
        name,
        find_credentials(profile),
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profile.get("region") or "us-east-1",
        environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or profile.get("endpoint_url"),
    )


def put(list_path, url):
    """Sends the files of a list below s3://bucket/prefix."""
    bucket_name, _, prefix = url[len("s3://") :].partition("/")
    bucket = open_bucket(bucket_name)
    with open(list_path, "rb") as file:
        lines = [os.fsdecode(line) for line in file.read().split(b"\n")]
    for name, path in zip(lines[0::2], lines[1::2]):
        key = "/".join(part for part in (prefix.strip("/"), name) if part)
        try:
            bucket.put(key, path)
        except OSError as error:
            raise Failure("%s: %s" % (name, error.strerror))


# ----------------------------------------------------------------- webhook ---


def call(url_path, body_path):
    """POSTs the body; any answer but 200 to 299 is a failure, a redirection too."""
    with open(url_path, encoding="utf-8") as file:
        parts = urllib.parse.urlsplit(file.read().strip())
    with open(body_path, "rb") as file:
        body = file.read()
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=CALL_SECONDS)
    try:
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection.request("POST", path, body, {"content-type": "application/json", "user-agent": "runctl"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Failure(type(error).__name__)
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise Failure("HTTP %d" % status)


def main(arguments):
    verbs = {"put": put, "call": call}
    if len(arguments) != 3 or arguments[0] not in verbs:
        raise Failure("usage: put LIST URL, call URL-FILE BODY-FILE")
    verbs[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        text = str(failure).replace("\n", " ")
        sys.stderr.buffer.write(text.encode("ascii", "backslashreplace") + b"\n")
        sys.exit(1)
