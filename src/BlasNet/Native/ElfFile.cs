using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>Checks a shared library of Linux before it is loaded.</summary>
/// <remarks>
/// The dynamic linker maps the segments that the program headers name without comparing them to the file's length: a file that is cut off ends
/// the process with SIGBUS. Source: System V ABI, "ELF Header" and "Program Header".
/// </remarks>
internal static class ElfFile
{
    private const int HeaderBytes = 64, ProgramHeaderBytes = 56;
    private const byte Class64 = 2, LittleEndian = 1;
    private const ushort SharedObject = 3;
    private const uint LoadSegment = 1;

    /// <summary>Why this process cannot load a file; null where nothing speaks against it.</summary>
    /// <param name="path">An existing file.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static string? FindProblem(string path)
    {
        // A pipe or device has no length, and reading it could wait forever.
        if (new FileInfo(path).Length == 0)
            return "is empty.";

        using FileStream file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header.StartsWith("\u007FELF"u8))
            return "is not a library this process can load.";

        if (header[4] != Class64 || header[5] != LittleEndian || BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) != Machine)
            return $"is for another processor: this process is {RuntimeInformation.ProcessArchitecture}.";

        return BinaryPrimitives.ReadUInt16LittleEndian(header[16..]) != SharedObject
            ? "is a program or an object file, not a shared library."
            : FindMissingPart(file, BinaryPrimitives.ReadUInt64LittleEndian(header[32..]), BinaryPrimitives.ReadUInt16LittleEndian(header[56..]));
    }

    // The machine numbers of the architectures that .NET runs on with 64-bit little-endian files; 0 for others, which no library has.
    private static ushort Machine => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 62,
        Architecture.Arm64 => 183,
        Architecture.RiscV64 => 243,
        Architecture.LoongArch64 => 258,
        Architecture.Ppc64le => 21,
        _ => 0,
    };

    private static string? FindMissingPart(FileStream file, ulong offset, int headers)
    {
        ulong length = (ulong)file.Length, end = offset + ((ulong)headers * ProgramHeaderBytes);
        if (offset > length || end > length)
            return CutOff(end, length);

        file.Position = (long)offset;
        Span<byte> segment = stackalloc byte[ProgramHeaderBytes];
        for (int i = 0; i < headers; i++)
        {
            file.ReadExactly(segment);
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) != LoadSegment)
                continue;

            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]), size = BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]);
            if (start > length || size > length - start)
                return CutOff(start + size, length);
        }

        return null;
    }

    private static string CutOff(ulong needed, ulong length) => $"is cut off: it has {length} of at least {needed} bytes.";
}
