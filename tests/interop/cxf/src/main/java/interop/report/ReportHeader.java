package interop.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.cxf.helpers.CastUtils;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;

/** Adds what WSS4J proved about the request, or why it was refused, to the answer's headers. */
public final class ReportHeader extends AbstractPhaseInterceptor<Message> {

    private static final String NAME = "X-Peer-Report";

    public ReportHeader() {
        super(Phase.SETUP);
    }

    @Override
    public void handleMessage(Message answer) {
        Map<String, Object> report =
            new LinkedHashMap<>(RequestReport.of(answer.getExchange().getInMessage()));
        Exception failure = answer.getContent(Exception.class);
        if (failure != null) {
            report.put("fault", FaultChain.describe(failure));
        }
        Map<String, List<String>> headers =
            CastUtils.cast((Map<?, ?>) answer.get(Message.PROTOCOL_HEADERS));
        if (headers == null) {
            headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            answer.put(Message.PROTOCOL_HEADERS, headers);
        }
        headers.put(NAME, List.of(Json.write(report)));
    }
}
