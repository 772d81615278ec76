"""An MCP server: agents ask for images under the rules that everybody's images are under."""
