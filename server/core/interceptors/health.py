"""grpc.health.v1 on the unary servers: `Check` only, since `Watch` would hold a thread as long as it is watched."""

import grpc
from grpc_health.v1 import health_pb2


def health_handlers() -> grpc.GenericRpcHandler:
    """Answers SERVING while the process takes calls, database or not: a restart cures no outage of Postgres."""
    check = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING),
        request_deserializer=health_pb2.HealthCheckRequest.FromString,
        response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
