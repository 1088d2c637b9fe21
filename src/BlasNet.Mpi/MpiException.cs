namespace BlasNet.Mpi;

/// <summary>MPI cannot be used, or has failed.</summary>
public sealed class MpiException : Exception
{
    internal MpiException(string message)
        : base(message)
    {
    }
}
