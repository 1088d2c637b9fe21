using System.Net.Sockets;
using System.Text;

namespace BlasNet.Tests.Serving;

/// <summary>A connection of HTTP/1.1 that POSTs the same JSON again and again, and hides nothing: unlike <see cref="HttpClient"/> it never connects
/// anew.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly TcpClient _client;
    private readonly StreamReader _reader;
    private readonly byte[] _request;

    /// <exception cref="SocketException">Nobody listens.</exception>
    public HttpConnection(Uri address, string path, string json)
    {
        _client = new TcpClient(address.Host, address.Port) { NoDelay = true };
        _reader = new StreamReader(_client.GetStream(), Encoding.ASCII);
        _request = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {address.Host}\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}");
    }

    public static bool IsListening(Uri address)
    {
        try
        {
            using var client = new TcpClient(address.Host, address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <returns>The answer, and whether the connection is closed with it.</returns>
    /// <exception cref="IOException">The connection was closed before, or the status is not 200.</exception>
    public (string Answer, bool Closes) Ask()
    {
        _client.GetStream().Write(_request);
        string status = Line();
        bool closes = false, isChunked = false;
        int length = 0;
        for (string line = Line(); line.Length > 0; line = Line())
        {
            closes |= line.Equals("Connection: close", StringComparison.OrdinalIgnoreCase);
            isChunked |= line.Equals("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase);
            if (line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line["Content-Length: ".Length..]);
        }

        string answer = isChunked ? Chunks() : Body(length);
        return status == "HTTP/1.1 200 OK" ? (answer, closes) : throw new IOException(status);
    }

    public void Dispose() => _client.Dispose();

    private string Line() => _reader.ReadLine() ?? throw new IOException("The connection was closed.");

    private string Chunks()
    {
        var answer = new StringBuilder();
        while (Convert.ToInt32(Line(), 16) is > 0 and var length)
        {
            answer.Append(Body(length));
            Line();
        }

        Line();
        return answer.ToString();
    }

    private string Body(int length)
    {
        char[] body = new char[length];
        return _reader.ReadBlock(body) == length ? new string(body) : throw new IOException("The connection was closed within an answer.");
    }
}
