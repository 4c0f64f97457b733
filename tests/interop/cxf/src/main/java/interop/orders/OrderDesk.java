package interop.orders;

import jakarta.jws.WebService;

@WebService(endpointInterface = "interop.orders.OrderPort")
public class OrderDesk implements OrderPort {

    @Override
    public PlaceOrderResponse placeOrder(PlaceOrder order) {
        PlaceOrderResponse response = new PlaceOrderResponse();
        response.orderId = order.sku + "-" + order.quantity;
        response.sku = order.sku;
        response.nonce = order.nonce;
        return response;
    }

    @Override
    public FailResponse fail(Fail request) throws OrderFault {
        OrderFaultDetail detail = new OrderFaultDetail();
        detail.reason = request.reason;
        throw new OrderFault("The order failed: " + request.reason, detail);
    }
}
