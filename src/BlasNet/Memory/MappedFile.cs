using System.IO.MemoryMappedFiles;

namespace BlasNet.Memory;

/// <summary>A file as read-only memory: the system reads a page when it is first touched, and may drop it again when it needs the room.</summary>
/// <remarks>The file must neither be cut nor overwritten meanwhile; one that takes its name does no harm, except on Windows, which lets no mapped file be
/// replaced. Freed by <see cref="Dispose"/>, or by the collector once nothing refers to it; a pointer does not.</remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;   // null for an empty file, which cannot be mapped

    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public MappedFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        Length = stream.Length;
        if (Length == 0)
            return;

        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
    }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <summary>Some bytes of the file, from an offset on.</summary>
    /// <exception cref="EndOfStreamException">The file has not so many.</exception>
    public byte* At(long offset, long bytes)
    {
        if (offset < 0 || bytes < 0 || offset > Length - bytes)
            throw new EndOfStreamException($"bytes {offset} to {(Int128)offset + bytes} are wanted of a file of {Length}.");

        return _view is null ? null : (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + offset;
    }

    public void Dispose() => _view?.Dispose();
}
