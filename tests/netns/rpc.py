"""A gRPC server with grpc.health.v1: rpc.py PORT [KEY CERTIFICATE]. Says "ready"."""
import sys
from concurrent import futures
import grpc

SERVING, NOT_SERVING = 1, 2
states = {"": SERVING, "shop": SERVING, "attic": NOT_SERVING}

def check(request, context):
    # HealthCheckRequest has a name of less than 128 bytes as its one field; HealthCheckResponse a number.
    name = request[2:].decode()
    if name not in states:
        context.abort(grpc.StatusCode.NOT_FOUND, f"no service {name}")
    return bytes([0x08, states[name]])

handler = grpc.method_handlers_generic_handler(
    "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)})
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[handler])
if len(sys.argv) > 2:
    key, certificate = (open(path, "rb").read() for path in sys.argv[2:4])
    server.add_secure_port(f"[::]:{sys.argv[1]}", grpc.ssl_server_credentials([(key, certificate)]))
else:
    server.add_insecure_port(f"[::]:{sys.argv[1]}")
server.start()
print("ready", flush=True)
server.wait_for_termination()
