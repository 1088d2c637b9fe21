using System.Runtime.InteropServices;

namespace BlasNet.Mpi;

/// <summary>The binary interface of an MPI library: its functions are the same, its handles are not.</summary>
/// <param name="Name">As <c>blasnet doctor</c> shows it.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN; 0 to leave errors to the library, which ends the process with a message.</param>
/// <param name="ThreadSerialized">MPI_THREAD_SERIALIZED.</param>
/// <remarks>
/// Handles are passed as wide as a pointer: where a library takes an integer of 32 bits, it reads the lower half of the register. Memory for a request or
/// a status is as large as that of any of the three.
/// Sources: mpi.h of MPICH 4.0 and of Open MPI 4.1; MPI 5.0, section 20.4 and appendix A.
/// </remarks>
internal sealed record MpiInterface(string Name, nint World, nint Byte, nint ErrorsReturn, int ThreadSerialized)
{
    private static readonly MpiInterface Mpich = new("MPICH", World: 0x44000000, Byte: 0x4c00010d, ErrorsReturn: 0x54000001, ThreadSerialized: 2);
    private static readonly MpiInterface Standard = new("MPI 5", World: 0x101, Byte: 0x247, ErrorsReturn: 0, ThreadSerialized: 2048);

    /// <summary>That of a library that has been loaded.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="file">By its name a library says that it has the interface of MPI 5, whoever made it.</param>
    public static MpiInterface Of(nint library, string file)
    {
        if (Path.GetFileName(file).StartsWith("libmpi_abi.", StringComparison.Ordinal))
            return Standard;

        return !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world) ? Mpich : new(
            "Open MPI", world, NativeLibrary.GetExport(library, "ompi_mpi_byte"), NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
            ThreadSerialized: 2);
    }
}
