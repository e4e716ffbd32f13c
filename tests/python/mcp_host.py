"""An MCP host for the tests of the bridge: a client of the official SDK for Python, or of FastMCP.

    python mcp_host.py legacy|auto|2026-07-28|fastmcp COMMAND ARGUMENT..
    python mcp_host.py legacy|auto|2026-07-28|fastmcp http://127.0.0.1:8080/mcp

It is asked and says what `tests/node/mcp-host.mjs` does.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack

mode, target, *arguments = sys.argv[1:]


class Host:
    def __init__(self):
        self.changes = asyncio.Event()
        self.running = None

    async def on_message(self, message):
        if "list_changed" in str(getattr(getattr(message, "root", message), "method", "")):
            self.changes.set()

    async def connect(self, stack):
        if mode == "fastmcp":
            from fastmcp import Client
            from fastmcp.client.transports import StdioTransport

            to = target if target.startswith("http") else StdioTransport(target, arguments, env=dict(os.environ))
            self.client = await stack.enter_async_context(Client(to, message_handler=self.on_message))
            return await self.hear(stack)
        from mcp import Client
        from mcp.client.stdio import StdioServerParameters

        to = target
        if not target.startswith("http"):
            to = StdioServerParameters(command=target, args=arguments, env=dict(os.environ))
        client = Client(to, mode=mode, message_handler=self.on_message)
        self.client = await stack.enter_async_context(client)
        await self.hear(stack)

    async def hear(self, stack):
        if self.client.protocol_version >= "2026-07-28":
            from mcp.client.subscriptions import listen

            listening = await stack.enter_async_context(listen(self.client.session, tools_list_changed=True))
            self.listening = asyncio.create_task(self.listen(listening))

    async def listen(self, listening):
        async for _ in listening:
            self.changes.set()

    async def call(self, name, given):
        async def told(done, total, message):
            say({"step": {"progress": done, "message": message}})

        if mode == "fastmcp":
            return await self.client.call_tool_mcp(name, given, progress_handler=told)
        return await self.client.call_tool(name, given, progress_callback=told)

    async def answer(self, asked):
        if "list" in asked:
            tools = await self.client.list_tools()
            return {"tools": [dumped(tool) for tool in getattr(tools, "tools", tools)]}
        if "call" in asked:
            try:
                result = await self.call(asked["call"], asked.get("arguments", {}))
            except Exception as error:
                return {"error": {"code": getattr(error, "code", None), "message": str(error)}}
            return {"result": dumped(result)}
        if "begin" in asked:
            self.running = asyncio.create_task(self.call(asked["begin"], asked.get("arguments", {})))
            return {"begun": True}
        if "cancel" in asked:
            self.running.cancel()
            await asyncio.wait([self.running])
            return {"canceled": True}
        if "changed" in asked:
            await self.changes.wait()
            self.changes.clear()
            return {"changed": True}
        return {"error": {"message": "not understood"}}


def dumped(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def say(line):
    print(json.dumps(line), flush=True)


async def main():
    async with AsyncExitStack() as stack:
        host = Host()
        await host.connect(stack)
        say({"ready": True})
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            say(await host.answer(json.loads(line)))
        # What it listens to would wait for an end of its own.
        sys.stdout.flush()
        os._exit(0)


asyncio.run(main())
