"""What each method of AMQP does at the broker, and what is answered.

One function a method, found by its class in `OPERATIONS`. It gives the answer, or None where there is none;
who asked for `no-wait` gets none either. What the broker refuses it raises, and has closed already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pamqp import commands

from mqsim.amqp import failures
from mqsim.amqp.content import body_of, properties_of
from mqsim.amqp.methods import AccessRequest, AccessRequestOk, Method, made, write_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.amqp.channel import ChannelEnd
    from mqsim.broker import Message

Answer = Method | None
# pamqp's classes type every field loosely; what a field holds, its plan in `methods` has seen to.
Asked = Any


def _exchange_declare(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.declare_exchange(
        asked.exchange,
        asked.exchange_type,
        durable=asked.durable,
        auto_delete=asked.auto_delete,
        internal=asked.internal,
        arguments=asked.arguments,
        passive=asked.passive,
    )
    return made(commands.Exchange.DeclareOk)


def _exchange_delete(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.delete_exchange(asked.exchange, if_unused=asked.if_unused)
    return made(commands.Exchange.DeleteOk)


def _exchange_bind(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.bind_exchange(asked.destination, asked.source, asked.routing_key, asked.arguments)
    return made(commands.Exchange.BindOk)


def _exchange_unbind(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.unbind_exchange(asked.destination, asked.source, asked.routing_key, asked.arguments)
    return made(commands.Exchange.UnbindOk)


def _queue_declare(end: ChannelEnd, asked: Asked) -> Answer:
    queue = end.channel.declare_queue(
        asked.queue,
        durable=asked.durable,
        exclusive=asked.exclusive,
        auto_delete=asked.auto_delete,
        arguments=asked.arguments,
        passive=asked.passive,
    )
    return made(
        commands.Queue.DeclareOk,
        queue=queue.name,
        message_count=queue.counted,
        consumer_count=queue.consumers,
    )


def _queue_bind(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.bind_queue(asked.queue, asked.exchange, asked.routing_key, asked.arguments)
    return made(commands.Queue.BindOk)


def _queue_unbind(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.unbind_queue(asked.queue, asked.exchange, asked.routing_key, asked.arguments)
    return made(commands.Queue.UnbindOk)


def _queue_purge(end: ChannelEnd, asked: Asked) -> Answer:
    return made(commands.Queue.PurgeOk, message_count=end.channel.purge(asked.queue))


def _queue_delete(end: ChannelEnd, asked: Asked) -> Answer:
    # The broker cancels the queue's consumers before it comes back; the answer has to stand before that.
    place = end.session.place()
    count = end.channel.delete_queue(asked.queue, if_unused=asked.if_unused, if_empty=asked.if_empty)
    if not asked.nowait:
        end.session.send(end.number, made(commands.Queue.DeleteOk, message_count=count), place)
    return None


def _basic_qos(end: ChannelEnd, asked: Asked) -> Answer:
    if asked.prefetch_size:
        raise failures.not_implemented(f"prefetch_size!=0 ({asked.prefetch_size})", asked)
    end.channel.qos(asked.prefetch_count, shared=asked.global_)
    return made(commands.Basic.QosOk)


def _basic_consume(end: ChannelEnd, asked: Asked) -> Answer:
    # The broker sends what is ready before it comes back; the answer has to stand before that.
    place = end.session.place()
    consumer = end.channel.consume(
        asked.queue,
        end.deliver,
        no_ack=asked.no_ack,
        tag=asked.consumer_tag,
        exclusive=asked.exclusive,
        arguments=asked.arguments,
    )
    if end.session.observer is not None:
        end.session.observer.subscribed(end.note, end, consumer)
    if not asked.nowait:
        answer = made(commands.Basic.ConsumeOk, consumer_tag=consumer.tag)
        end.session.send(end.number, answer, place)
    return None


def _basic_cancel(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.cancel(asked.consumer_tag)
    return made(commands.Basic.CancelOk, consumer_tag=asked.consumer_tag)


def _basic_get(end: ChannelEnd, asked: Asked) -> Answer:
    observer = end.session.observer

    def taken(tag: int, message: Message) -> None:
        if observer is not None:
            observer.sends(end, tag, message, None, asked.no_ack)

    got = end.channel.get(asked.queue, taken, no_ack=asked.no_ack)
    if got is None:
        return made(commands.Basic.GetEmpty)
    tag, message = got
    envelope, queue = message.envelope, message.queue
    answer = made(
        commands.Basic.GetOk,
        delivery_tag=tag,
        redelivered=message.redelivered,
        exchange=envelope.exchange,
        routing_key=envelope.key,
        message_count=queue.waiting,
    )
    raw = properties_of(message, end.session.epoch, got=True)
    body = body_of(envelope)
    if end.session.handed is not None and queue.replicated and not asked.no_ack:
        end.session.handed(message)
    end.session.send_content(end.number, answer, write_header(len(body), raw), body)
    return None


def _basic_ack(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.ack(asked.delivery_tag, multiple=asked.multiple)
    return None


def _basic_nack(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.nack(asked.delivery_tag, multiple=asked.multiple, requeue=asked.requeue)
    return None


def _basic_reject(end: ChannelEnd, asked: Asked) -> Answer:
    end.channel.reject(asked.delivery_tag, requeue=asked.requeue)
    return None


def _basic_recover(end: ChannelEnd, asked: Asked) -> Answer:
    _basic_recover_async(end, asked)
    return made(commands.Basic.RecoverOk)


def _basic_recover_async(end: ChannelEnd, asked: Asked) -> Answer:
    if not asked.requeue:
        raise failures.not_implemented("requeue=false", asked)
    end.channel.recover()
    return None


def _confirm_select(end: ChannelEnd, _asked: Asked) -> Answer:
    end.channel.confirm_select(end.confirm)
    return made(commands.Confirm.SelectOk)


def _tx_select(end: ChannelEnd, _asked: Asked) -> Answer:
    end.channel.tx_select()
    return made(commands.Tx.SelectOk)


def _tx_commit(end: ChannelEnd, _asked: Asked) -> Answer:
    end.channel.tx_commit()
    return made(commands.Tx.CommitOk)


def _tx_rollback(end: ChannelEnd, _asked: Asked) -> Answer:
    end.channel.tx_rollback()
    return made(commands.Tx.RollbackOk)


def _channel_flow(_end: ChannelEnd, asked: Asked) -> Answer:
    if not asked.active:
        raise failures.not_implemented("active=false", asked)
    return made(commands.Channel.FlowOk, active=True)


def _access_request(_end: ChannelEnd, _asked: Asked) -> Answer:
    return made(AccessRequestOk, ticket=1)


OPERATIONS: Mapping[type[Method], Callable[[ChannelEnd, Asked], Answer]] = {
    commands.Exchange.Declare: _exchange_declare,
    commands.Exchange.Delete: _exchange_delete,
    commands.Exchange.Bind: _exchange_bind,
    commands.Exchange.Unbind: _exchange_unbind,
    commands.Queue.Declare: _queue_declare,
    commands.Queue.Bind: _queue_bind,
    commands.Queue.Unbind: _queue_unbind,
    commands.Queue.Purge: _queue_purge,
    commands.Queue.Delete: _queue_delete,
    commands.Basic.Qos: _basic_qos,
    commands.Basic.Consume: _basic_consume,
    commands.Basic.Cancel: _basic_cancel,
    commands.Basic.Get: _basic_get,
    commands.Basic.Ack: _basic_ack,
    commands.Basic.Nack: _basic_nack,
    commands.Basic.Reject: _basic_reject,
    commands.Basic.Recover: _basic_recover,
    commands.Basic.RecoverAsync: _basic_recover_async,
    commands.Confirm.Select: _confirm_select,
    commands.Tx.Select: _tx_select,
    commands.Tx.Commit: _tx_commit,
    commands.Tx.Rollback: _tx_rollback,
    commands.Channel.Flow: _channel_flow,
    AccessRequest: _access_request,
}
"""The operations by method; publishing, which has content, is the channel's own."""
