using System.Runtime.InteropServices;
using System.Text;

namespace BlasNet.Cli.CommandLine;

/// <summary>The standard output, where it is a file or a pipe: writing fails when the disk is full or nobody reads any more.</summary>
/// <remarks>The console's own stream ignores that, and a command would go on computing for nobody.</remarks>
internal sealed partial class StandardOutput : Stream
{
    private const int Descriptor = 1, ErrorDescriptor = 2;
    private const int Interrupted = 4, Broken = 32;                           // EINTR, EPIPE
    private static readonly int Full = OperatingSystem.IsMacOS() ? 35 : 11;   // EAGAIN: of a pipe that does not wait
    private const int GetFlags = 1, CloseOnExec = 1;                          // F_GETFD, FD_CLOEXEC

    private readonly bool _isClosed = !IsInherited(Descriptor);

    /// <summary>The console's writer on a terminal and under Windows, where a stream of its own cannot know the encoding.</summary>
    public static TextWriter Open() => !Console.IsOutputRedirected || OperatingSystem.IsWindows()
        ? Console.Out
        : TextWriter.Synchronized(new StreamWriter(new StandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

    /// <summary>The console's writer for errors; one that writes nowhere where the error output is closed.</summary>
    public static TextWriter OpenError() => OperatingSystem.IsWindows() || IsInherited(ErrorDescriptor) ? Console.Error : TextWriter.Null;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="BrokenPipeException">Nobody reads the output any more.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> bytes)
    {
        if (_isClosed)
            throw new IOException("The output cannot be written: it is closed.");

        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                nint written = Write(Descriptor, start + done, bytes.Length - done);
                done += Math.Max(0, written);
                if (written >= 0 || Marshal.GetLastPInvokeError() == Interrupted)
                    continue;

                if (Marshal.GetLastPInvokeError() == Broken)
                    throw new BrokenPipeException();

                if (Marshal.GetLastPInvokeError() != Full)
                    throw new IOException($"The output cannot be written: {Marshal.GetLastPInvokeErrorMessage()}");

                Thread.Sleep(1);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // Not a FileStream: that keeps a place of its own in a file, over which the next program to write there would write.
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(int descriptor, byte* bytes, nint count);

    // Where a descriptor is closed the runtime opens something of its own under its number, which it passes on to no program.
    private static bool IsInherited(int descriptor) => GetDescriptorFlags(descriptor, GetFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0;

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int GetDescriptorFlags(int descriptor, int command);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
