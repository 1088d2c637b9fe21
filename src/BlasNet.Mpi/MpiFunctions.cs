using System.Runtime.InteropServices;

namespace BlasNet.Mpi;

/// <summary>The functions of an MPI library, as the standard declares them.</summary>
/// <param name="library">Has been loaded.</param>
internal sealed unsafe class MpiFunctions(nint library)
{
    /// <summary>Those without which a library is none of MPI.</summary>
    public static readonly string[] Names =
    [
        "MPI_Init_thread", "MPI_Initialized", "MPI_Finalize", "MPI_Abort", "MPI_Comm_rank", "MPI_Comm_size", "MPI_Comm_set_errhandler", "MPI_Error_string",
        "MPI_Iallgatherv", "MPI_Ialltoallv", "MPI_Test", "MPI_Get_library_version",
    ];

    public readonly delegate* unmanaged<int*, byte***, int, int*, int> InitThread =
        (delegate* unmanaged<int*, byte***, int, int*, int>)Export(library, "MPI_Init_thread");
    public readonly delegate* unmanaged<int*, int> Initialized = (delegate* unmanaged<int*, int>)Export(library, "MPI_Initialized");
    public readonly delegate* unmanaged<int> Finish = (delegate* unmanaged<int>)Export(library, "MPI_Finalize");
    public readonly delegate* unmanaged<nint, int, int> Abort = (delegate* unmanaged<nint, int, int>)Export(library, "MPI_Abort");
    public readonly delegate* unmanaged<nint, int*, int> CommRank = (delegate* unmanaged<nint, int*, int>)Export(library, "MPI_Comm_rank");
    public readonly delegate* unmanaged<nint, int*, int> CommSize = (delegate* unmanaged<nint, int*, int>)Export(library, "MPI_Comm_size");
    public readonly delegate* unmanaged<nint, nint, int> CommSetErrorHandler = (delegate* unmanaged<nint, nint, int>)Export(library, "MPI_Comm_set_errhandler");
    public readonly delegate* unmanaged<int, byte*, int*, int> ErrorString = (delegate* unmanaged<int, byte*, int*, int>)Export(library, "MPI_Error_string");
    public readonly delegate* unmanaged<byte*, int*, int> GetLibraryVersion = (delegate* unmanaged<byte*, int*, int>)Export(library, "MPI_Get_library_version");
    public readonly delegate* unmanaged<nint*, int*, byte*, int> Test = (delegate* unmanaged<nint*, int*, byte*, int>)Export(library, "MPI_Test");

    /// <summary>(sent, count, type, received, counts, displacements, type, communicator, request).</summary>
    public readonly delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, nint*, int> IAllGatherV =
        (delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, nint*, int>)Export(library, "MPI_Iallgatherv");

    /// <summary>(sent, counts, displacements, type, received, counts, displacements, type, communicator, request).</summary>
    public readonly delegate* unmanaged<byte*, int*, int*, nint, byte*, int*, int*, nint, nint, nint*, int> IAllToAllV =
        (delegate* unmanaged<byte*, int*, int*, nint, byte*, int*, int*, nint, nint, nint*, int>)Export(library, "MPI_Ialltoallv");

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);
}
