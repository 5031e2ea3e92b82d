/** An Iceberg REST catalog with Iceberg's own rules: its handlers behind Java's HTTP server. Prints its port, and ends with its input. */
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.RESTCatalogProperties.SnapshotMode;
import org.apache.iceberg.rest.RESTSerializers;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ConfigResponse;
import org.apache.iceberg.rest.responses.ErrorResponse;
import org.apache.iceberg.shaded.com.fasterxml.jackson.annotation.JsonAutoDetect;
import org.apache.iceberg.shaded.com.fasterxml.jackson.annotation.PropertyAccessor;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.DeserializationFeature;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.PropertyNamingStrategies;

public final class IcebergCatalogServer {
    private static final String PREFIX = "lake";
    private static final String CREDENTIAL = "client_id=millrace&client_secret=very-secret";
    private static final String TOKEN = "a-token-of-the-server";
    private static final String READER_TOKEN = "a-token-of-readers";

    private final InMemoryCatalog catalog = new InMemoryCatalog();
    private final ObjectMapper json = new ObjectMapper();

    private IcebergCatalogServer(String warehouse) {
        catalog.initialize("catalog", Map.of("warehouse", warehouse));
        json.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
        json.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
        json.setPropertyNamingStrategy(new PropertyNamingStrategies.KebabCaseStrategy());
        RESTSerializers.registerAll(json);
    }

    public static void main(String[] args) throws IOException {
        IcebergCatalogServer server = new IcebergCatalogServer(args[0]);
        HttpServer http =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.createContext("/", server::serve);
        http.start();
        System.out.println(http.getAddress().getPort());
        System.out.flush();
        while (System.in.read() >= 0) {}
        http.stop(0);
        System.exit(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        int status = 200;
        Object answer;
        try {
            answer = answerTo(exchange);
            if (answer == null) status = 204;
        } catch (Exception error) {
            status = statusOf(error);
            answer =
                    ErrorResponse.builder()
                            .responseCode(status)
                            .withType(error.getClass().getSimpleName())
                            .withMessage(error.getMessage())
                            .build();
        }
        byte[] body = answer == null ? new byte[0] : json.writeValueAsBytes(answer);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static int statusOf(Exception error) {
        if (error instanceof SecurityException) return 401;
        if (error instanceof ForbiddenException) return 403;
        if (error instanceof NoSuchTableException || error instanceof NoSuchNamespaceException)
            return 404;
        if (error instanceof AlreadyExistsException || error instanceof CommitFailedException)
            return 409;
        if (error instanceof UnsupportedOperationException) return 406;
        if (error instanceof IOException) return 500;
        return 400;
    }

    private Object answerTo(HttpExchange exchange) throws IOException {
        List<String> names =
                Arrays.stream(exchange.getRequestURI().getRawPath().substring(1).split("/"))
                        .map(name -> URLDecoder.decode(name, StandardCharsets.UTF_8))
                        .toList();
        byte[] body = exchange.getRequestBody().readAllBytes();
        if (names.equals(List.of("v1", "oauth", "tokens"))) return token(body);
        String sent = exchange.getRequestHeaders().getFirst("authorization");
        boolean isReader = ("Bearer " + READER_TOKEN).equals(sent);
        if (!isReader && !("Bearer " + TOKEN).equals(sent))
            throw new SecurityException("sign in first");
        if (isReader && !exchange.getRequestMethod().equals("GET"))
            throw new ForbiddenException("readers only read");
        if (names.equals(List.of("v1", "config")))
            return ConfigResponse.builder().withOverride("prefix", PREFIX).build();
        if (names.size() < 3 || !names.get(1).equals(PREFIX) || !names.get(2).equals("namespaces"))
            throw new UnsupportedOperationException("no such address");
        return ofNamespaces(exchange, names.subList(3, names.size()), body);
    }

    private Map<String, String> token(byte[] body) {
        if (!new String(body, StandardCharsets.UTF_8).contains(CREDENTIAL))
            throw new SecurityException("the credential is wrong");
        return Map.of("access_token", TOKEN, "token_type", "bearer");
    }

    private Object ofNamespaces(HttpExchange exchange, List<String> names, byte[] body)
            throws IOException {
        String method = exchange.getRequestMethod();
        if (names.isEmpty()) {
            if (method.equals("GET"))
                return CatalogHandlers.listNamespaces(catalog, Namespace.empty());
            return CatalogHandlers.createNamespace(
                    catalog, json.readValue(body, CreateNamespaceRequest.class));
        }
        Namespace namespace = Namespace.of(names.get(0).split("\u001f"));
        if (names.size() == 1) return CatalogHandlers.loadNamespace(catalog, namespace);
        if (names.size() == 2) {
            if (method.equals("GET")) return CatalogHandlers.listTables(catalog, namespace);
            CreateTableRequest request = json.readValue(body, CreateTableRequest.class);
            return request.stageCreate()
                    ? CatalogHandlers.stageTableCreate(catalog, namespace, request)
                    : CatalogHandlers.createTable(catalog, namespace, request);
        }
        return ofTable(exchange, TableIdentifier.of(namespace, names.get(2)), body);
    }

    private Object ofTable(HttpExchange exchange, TableIdentifier table, byte[] body)
            throws IOException {
        switch (exchange.getRequestMethod()) {
            case "GET":
                return CatalogHandlers.loadTable(catalog, table, SnapshotMode.ALL);
            case "POST":
                return CatalogHandlers.updateTable(
                        catalog, table, json.readValue(body, UpdateTableRequest.class));
            case "DELETE":
                if (!"purgeRequested=false".equals(exchange.getRequestURI().getQuery()))
                    throw new UnsupportedOperationException("the files are not the server's");
                CatalogHandlers.dropTable(catalog, table);
                return null;
            default:
                throw new UnsupportedOperationException("no such method");
        }
    }
}
