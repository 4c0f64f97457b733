package interop.batch;

import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.UnsupportedCallbackException;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** Answers WSS4J's questions for passwords, secrets and session keys of earlier messages. */
record Answers(KeySet keys, Map<String, byte[]> sessionKeys) implements CallbackHandler {

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof WSPasswordCallback question)) {
                throw new UnsupportedCallbackException(callback);
            }
            answer(question);
        }
    }

    private void answer(WSPasswordCallback question) {
        String name = question.getIdentifier();
        switch (question.getUsage()) {
            case WSPasswordCallback.USERNAME_TOKEN -> question.setPassword(keys.users().get(name));
            case WSPasswordCallback.DECRYPT, WSPasswordCallback.SIGNATURE ->
                question.setPassword(keys.password());
            case WSPasswordCallback.SECRET_KEY, WSPasswordCallback.SECURITY_CONTEXT_TOKEN ->
                question.setKey(secret(name));
            default -> {
            }
        }
    }

    private byte[] secret(String name) {
        if (sessionKeys.containsKey(name)) {
            return sessionKeys.get(name);
        }
        return keys.secrets().getOrDefault(name, keys.contexts().get(name));
    }
}
