import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ResultKind;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.*;
import java.time.temporal.TemporalAccessor;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;

/**
 * A Flink SQL runner, as the other side of interop tests.
 *
 *   java FlinkSql WAREHOUSE FILE.sql     run the script, exit (1 at the first failed statement)
 *   java FlinkSql WAREHOUSE -            read statements from stdin until EOF, keep going on errors
 *
 * A Paimon catalog named "paimon" on WAREHOUSE is made and used unless WAREHOUSE is "none".
 * Every line of stdout is one JSON object; logs go to stderr.
 *   {"stmt":1,"op":"+I","row":{...}}   a row (op is one of +I -U +U -D)
 *   {"stmt":1,"done":true,"kind":"SELECT","rows":3,"ms":812[,"stopped":"timeout"|"max-rows"][,"jobId":..]}
 *   {"stmt":1,"error":"...","ms":12}
 * BIGINT and DECIMAL are JSON strings, BYTES are hex strings, MAP is [[k,v],...], times are ISO strings.
 *
 * SET 'key'='value'; sets Flink options, and these of the runner:
 *   execution.runtime-mode = batch (default) | streaming
 *   runner.timeout-ms   stop a SELECT, or cancel a streaming INSERT, after that long (0: none)
 *   runner.idle-ms      stop a SELECT so long after its last row, once there is one (0: never)
 *   runner.max-rows     stop a SELECT after that many rows (0: none)
 *   runner.detach       true: do not wait for INSERT jobs (cancelled at exit)
 * CANCEL JOBS;  cancels the detached jobs.   SLEEP 500;  waits that many ms.
 */
public class FlinkSql {
    static MiniCluster cluster;
    static TableEnvironment batch, stream;
    static boolean streaming = false;
    static long timeoutMs = 0, idleMs = 0, maxRows = 0;
    static boolean detach = false;
    static final List<JobClient> detached = new ArrayList<>();
    static PrintStream out;
    static int n = 0;

    public static void main(String[] a) {
        try { main0(a); } catch (Throwable e) { e.printStackTrace(); Runtime.getRuntime().halt(2); }
    }

    static void main0(String[] a) throws Exception {
        long t0 = System.currentTimeMillis();
        long jvm = java.lang.management.ManagementFactory.getRuntimeMXBean().getStartTime();
        out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err);
        Configuration c = new Configuration();
        c.setString("rest.address", "127.0.0.1");
        c.setString("rest.bind-address", "127.0.0.1");
        c.setString("rest.port", "0");
        c.setString("jobmanager.bind-host", "127.0.0.1");
        c.setString("taskmanager.bind-host", "127.0.0.1");
        c.setString("taskmanager.host", "127.0.0.1");
        c.setString("taskmanager.numberOfTaskSlots", System.getProperty("slots", "8"));
        c.setString("taskmanager.memory.managed.size", System.getProperty("managed", "256m"));
        c.setString("taskmanager.memory.network.min", "192m");
        c.setString("taskmanager.memory.network.max", "192m");
        String tmp = System.getProperty("java.io.tmpdir");
        c.setString("io.tmp.dirs", tmp);
        cluster = new MiniCluster(new MiniClusterConfiguration.Builder().setConfiguration(c)
                .setNumTaskManagers(1).setNumSlotsPerTaskManager(Integer.getInteger("slots", 8)).build());
        cluster.start();
        Ctx.install(cluster.getRestAddress().get().getPort());
        batch = make(RuntimeExecutionMode.BATCH);
        stream = make(RuntimeExecutionMode.STREAMING);
        if (!a[0].equals("none")) {
            String w = a[0].contains(":") ? a[0] : "file:" + Paths.get(a[0]).toAbsolutePath();
            for (TableEnvironment t : List.of(batch, stream)) {
                t.executeSql("CREATE CATALOG paimon WITH ('type'='paimon','warehouse'='" + w + "')");
                t.executeSql("USE CATALOG paimon");
            }
        }
        long now = System.currentTimeMillis();
        line("{\"ready\":true,\"flink\":" + q(org.apache.flink.runtime.util.EnvironmentInformation.getVersion())
                + ",\"ms\":" + (now - t0) + ",\"msSinceJvmStart\":" + (now - jvm) + "}");
        int rc = 0;
        if (a[1].equals("-")) {
            Reader r = new InputStreamReader(System.in, StandardCharsets.UTF_8);
            Splitter s = new Splitter();
            int ch;
            while ((ch = r.read()) >= 0) { String st = s.feed((char) ch); if (st != null) run(st); }
            String st = s.rest(); if (st != null) run(st);
        } else {
            Splitter s = new Splitter();
            List<String> all = new ArrayList<>();
            for (char ch : Files.readString(Paths.get(a[1])).toCharArray()) { String st = s.feed(ch); if (st != null) all.add(st); }
            String st = s.rest(); if (st != null) all.add(st);
            for (String x : all) if (!run(x)) { rc = 1; break; }
        }
        cancelDetached();
        out.flush();
        Thread k = new Thread(() -> { try { Thread.sleep(5000); } catch (InterruptedException e) { } Runtime.getRuntime().halt(3); });
        k.setDaemon(true); k.start();
        cluster.close();
        System.exit(rc);
    }

    /** CALL makes its own environment: send it to the same mini cluster too. */
    static class Ctx extends StreamExecutionEnvironment {
        static int port;
        static StreamExecutionEnvironment remote(Configuration base) {
            Configuration k = new Configuration(base);
            k.setString("execution.target", "remote");
            k.setString("execution.attached", "true");
            k.setString("rest.address", "127.0.0.1");
            k.setString("rest.port", String.valueOf(port));
            return new StreamExecutionEnvironment(k);
        }
        static void install(int p) { port = p; initializeContextEnvironment(Ctx::remote); }
    }

    static TableEnvironment make(RuntimeExecutionMode m) throws Exception {
        Configuration c = new Configuration();
        c.set(ExecutionOptions.RUNTIME_MODE, m);
        c.setString("parallelism.default", "1");
        c.setString("restart-strategy.type", "disable");
        if (m == RuntimeExecutionMode.BATCH) c.setString("table.dml-sync", "true"); // CALL compact waits too
        if (m == RuntimeExecutionMode.STREAMING) c.setString("execution.checkpointing.interval", "500 ms");
        StreamExecutionEnvironment e = Ctx.remote(c);
        return StreamTableEnvironment.create(e, EnvironmentSettings.newInstance().withConfiguration(c).build());
    }

    static final Pattern SET = Pattern.compile("(?is)^SET\\s+'([^']+)'\\s*=\\s*'(.*)'$");
    static final Pattern RESET = Pattern.compile("(?is)^RESET\\s+'([^']+)'$");
    static final Pattern BOTH = Pattern.compile("(?is)^(CREATE\\s+CATALOG|USE\\b|LOAD\\s|UNLOAD\\s|CREATE\\s+TEMPORARY|DROP\\s+TEMPORARY|DROP\\s+CATALOG).*");

    static boolean run(String sql) throws Exception {
        int id = ++n;
        long t = System.currentTimeMillis();
        try {
            Matcher m = SET.matcher(sql);
            if (m.matches()) { set(m.group(1), m.group(2)); done(id, "SET", 0, t, ""); return true; }
            if ((m = RESET.matcher(sql)).matches()) { for (TableEnvironment e : List.of(batch, stream)) ((Configuration) e.getConfig().getConfiguration()).removeKey(m.group(1)); done(id, "RESET", 0, t, ""); return true; }
            if (sql.matches("(?is)CANCEL\\s+JOBS")) { int k = cancelDetached(); done(id, "CANCEL", k, t, ""); return true; }
            if ((m = Pattern.compile("(?is)SLEEP\\s+(\\d+)").matcher(sql)).matches()) { Thread.sleep(Long.parseLong(m.group(1))); done(id, "SLEEP", 0, t, ""); return true; }
            TableEnvironment env = streaming ? stream : batch;
            TableResult r = env.executeSql(sql);
            if (BOTH.matcher(sql).matches()) (streaming ? batch : stream).executeSql(sql);
            String kw = sql.trim().split("[\\s(]+")[0].toUpperCase(Locale.ROOT);
            boolean dml = kw.matches("INSERT|EXECUTE|UPDATE|DELETE|TRUNCATE") && r.getJobClient().isPresent();
            if (dml) {
                JobClient j = r.getJobClient().get();
                String x = ",\"jobId\":\"" + j.getJobID() + "\"";
                if (detach) { detached.add(j); done(id, kw, 0, t, x + ",\"detached\":true"); return true; }
                try {
                    if (timeoutMs > 0) r.await(timeoutMs, TimeUnit.MILLISECONDS); else r.await();
                } catch (TimeoutException e) { cancel(j); x += ",\"stopped\":\"timeout\""; }
                done(id, kw, 0, t, x);
                return true;
            }
            if (r.getResultKind() == ResultKind.SUCCESS) { done(id, kw, 0, t, ""); return true; }
            collect(id, kw, r, t);
            return true;
        } catch (Throwable e) {
            StringBuilder b = new StringBuilder(); int d = 0;
            for (Throwable x = e; x != null && d++ < 12; x = x.getCause()) { if (b.length() > 0) b.append(" <- "); b.append(x.getClass().getName()).append(": ").append(x.getMessage()); }
            e.printStackTrace();
            line("{\"stmt\":" + id + ",\"error\":" + q(b.toString()) + ",\"ms\":" + (System.currentTimeMillis() - t) + "}");
            return false;
        }
    }

    static void set(String k, String v) {
        switch (k) {
            case "runner.timeout-ms": timeoutMs = Long.parseLong(v); return;
            case "runner.idle-ms": idleMs = Long.parseLong(v); return;
            case "runner.max-rows": maxRows = Long.parseLong(v); return;
            case "runner.detach": detach = Boolean.parseBoolean(v); return;
            case "execution.runtime-mode": streaming = v.equalsIgnoreCase("streaming"); return;
            default: batch.getConfig().set(k, v); stream.getConfig().set(k, v);
        }
    }

    static void cancel(JobClient j) { try { j.cancel().get(10, TimeUnit.SECONDS); j.getJobExecutionResult().get(10, TimeUnit.SECONDS); } catch (Throwable ignored) { } }
    static int cancelDetached() { int k = 0; for (JobClient j : detached) { cancel(j); k++; } detached.clear(); return k; }

    static void collect(int id, String kw, TableResult r, long t) throws Exception {
        List<Column> cols = r.getResolvedSchema().getColumns();
        CloseableIterator<Row> it = r.collect();
        boolean job = r.getJobClient().isPresent();
        long rows = 0; String stopped = null; Throwable err = null;
        if (!job || (timeoutMs == 0)) {
            while (it.hasNext()) { row(id, it.next(), cols); if (++rows == maxRows) { stopped = "max-rows"; break; } }
        } else {
            BlockingQueue<Object> bq = new LinkedBlockingQueue<>();
            Object END = new Object();
            Thread th = new Thread(() -> { try { while (it.hasNext()) bq.put(it.next()); bq.put(END); } catch (Throwable e) { bq.offer(e); } });
            th.setDaemon(true); th.start();
            long end = System.currentTimeMillis() + timeoutMs;
            while (true) {
                Object o = bq.poll(Math.max(1, end - System.currentTimeMillis()), TimeUnit.MILLISECONDS);
                if (o == null) { stopped = "timeout"; break; }
                if (o == END) break;
                if (o instanceof Throwable) { err = (Throwable) o; break; }
                row(id, (Row) o, cols);
                if (idleMs > 0) end = System.currentTimeMillis() + idleMs;
                if (++rows == maxRows) { stopped = "max-rows"; break; }
            }
        }
        if (stopped != null && job) cancel(r.getJobClient().get());
        if (stopped == null || !job) try { it.close(); } catch (Throwable ignored) { }
        if (err != null) throw new RuntimeException(err);
        done(id, kw, rows, t, stopped == null ? "" : ",\"stopped\":\"" + stopped + "\"");
    }

    static void row(int id, Row r, List<Column> cols) {
        StringBuilder b = new StringBuilder("{\"stmt\":").append(id).append(",\"op\":\"").append(r.getKind().shortString()).append("\",\"row\":{");
        for (int i = 0; i < cols.size(); i++) {
            if (i > 0) b.append(',');
            b.append(q(cols.get(i).getName())).append(':');
            val(b, r.getField(i), cols.get(i).getDataType().getLogicalType());
        }
        line(b.append("}}").toString());
    }

    static void val(StringBuilder b, Object v, LogicalType t) {
        if (v == null) b.append("null");
        else if (v instanceof Boolean || v instanceof Integer || v instanceof Short || v instanceof Byte) b.append(v);
        else if (v instanceof Double || v instanceof Float) { double d = ((Number) v).doubleValue(); if (Double.isFinite(d)) b.append(v); else b.append(q(v.toString())); }
        else if (v instanceof java.math.BigDecimal) b.append(q(((java.math.BigDecimal) v).toPlainString()));
        else if (v instanceof Number || v instanceof String || v instanceof TemporalAccessor || v instanceof Duration || v instanceof Period) b.append(q(v.toString()));
        else if (v instanceof byte[]) { StringBuilder h = new StringBuilder(); for (byte x : (byte[]) v) h.append(String.format("%02x", x)); b.append(q(h.toString())); }
        else if (v instanceof Row) {
            Row r = (Row) v; List<String> names = t instanceof RowType ? ((RowType) t).getFieldNames() : null;
            b.append('{');
            for (int i = 0; i < r.getArity(); i++) { if (i > 0) b.append(','); b.append(q(names != null ? names.get(i) : "f" + i)).append(':'); val(b, r.getField(i), t.getChildren().size() > i ? t.getChildren().get(i) : t); }
            b.append('}');
        } else if (v instanceof Object[]) { b.append('['); String s = ""; for (Object x : (Object[]) v) { b.append(s); val(b, x, t.getChildren().isEmpty() ? t : t.getChildren().get(0)); s = ","; } b.append(']'); }
        else if (v instanceof List) { b.append('['); String s = ""; for (Object x : (List<?>) v) { b.append(s); val(b, x, t.getChildren().isEmpty() ? t : t.getChildren().get(0)); s = ","; } b.append(']'); }
        else if (v instanceof Map) { b.append('['); String s = ""; LogicalType k = t.getChildren().isEmpty() ? t : t.getChildren().get(0), w = t.getChildren().size() > 1 ? t.getChildren().get(1) : k;
            for (Map.Entry<?, ?> e : ((Map<?, ?>) v).entrySet()) { b.append(s).append('['); val(b, e.getKey(), k); b.append(','); val(b, e.getValue(), w); b.append(']'); s = ","; } b.append(']'); }
        else b.append(q(v.toString()));
    }

    static void done(int id, String kind, long rows, long t, String extra) {
        line("{\"stmt\":" + id + ",\"done\":true,\"kind\":" + q(kind) + ",\"rows\":" + rows + ",\"ms\":" + (System.currentTimeMillis() - t) + extra + "}");
    }
    static synchronized void line(String s) { out.println(s); out.flush(); }
    static String q(String s) {
        if (s == null) return "null";
        StringBuilder b = new StringBuilder("\"");
        for (char c : s.toCharArray()) switch (c) { case '"': b.append("\\\""); break; case '\\': b.append("\\\\"); break; case '\n': b.append("\\n"); break; case '\r': b.append("\\r"); break; case '\t': b.append("\\t"); break;
            default: if (c < 32) b.append(String.format("\\u%04x", (int) c)); else b.append(c); }
        return b.append('"').toString();
    }

    /** Splits on ; outside of quotes and comments, and drops comments (keeps hints). */
    static class Splitter {
        final StringBuilder b = new StringBuilder();
        char quote = 0, prev = 0; boolean lineC = false, blockC = false;
        String feed(char c) {
            char p = prev; prev = c;
            if (lineC) { if (c == '\n') { lineC = false; b.append(c); } return null; }
            if (blockC) { if (p == '*' && c == '/') { blockC = false; prev = 0; } return null; }
            if (quote != 0) { b.append(c); if (c == quote) quote = 0; return null; }
            if (c == '\'' || c == '`' || c == '"') { quote = c; b.append(c); return null; }
            if (p == '-' && c == '-') { b.setLength(b.length() - 1); lineC = true; return null; }
            if (p == '/' && c == '*') { b.append(c); return null; }
            if (p == '*' && b.length() >= 2 && b.charAt(b.length() - 2) == '/' && b.charAt(b.length() - 1) == '*' && c != '+') { b.setLength(b.length() - 2); blockC = true; return null; }
            if (c == ';') { String s = b.toString().trim(); b.setLength(0); prev = 0; return s.isEmpty() ? null : s; }
            b.append(c); return null;
        }
        String rest() { String s = b.toString().trim(); b.setLength(0); return s.isEmpty() ? null : s; }
    }
}
