using System.Text;
using Microsoft.Win32.SafeHandles;

namespace BlasNet.Cli.CommandLine;

/// <summary>The standard output, where it is a file or a pipe: writing fails when the disk is full or nobody reads any more.</summary>
/// <remarks>The console's own stream ignores that, and a command would go on computing for nobody.</remarks>
internal sealed class StandardOutput : Stream
{
    private readonly FileStream _stream = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    /// <summary>The console's writer on a terminal and under Windows, where a stream of its own cannot know the encoding.</summary>
    public static TextWriter Open() => !Console.IsOutputRedirected || OperatingSystem.IsWindows()
        ? Console.Out
        : TextWriter.Synchronized(new StreamWriter(new StandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The output cannot be written.</exception>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            _stream.Write(buffer, offset, count);
        }
        catch (IOException e)
        {
            throw new IOException($"The output cannot be written: {e.Message}", e);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
