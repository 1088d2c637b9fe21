namespace BlasNet.Mpi;

/// <summary>MPI, the message passing of clusters: <c>mpiexec -n 4 PROGRAM</c> starts a program four times, and the four train one model.</summary>
/// <remarks>
/// <code>
/// var trainer = new Trainer&lt;Digit&gt;(model, Loss, new Adam(1e-3)) { Communicator = Mpi.World };
/// </code>
/// Whatever else a program does, it does as often as it was started: let rank 0 alone print and write files.
/// </remarks>
public static class Mpi
{
    private static readonly Lazy<MpiLibrary> Found = new(MpiLibrary.Find);
    private static readonly Lazy<MpiCommunicator> Started = new(Start);

    /// <summary>Whether mpiexec, or what else starts several processes as one, has started this one.</summary>
    /// <remarks>Not where the variable BLASNET_MPI is <c>off</c>: then each process is one of its own.</remarks>
    public static bool IsLaunched =>
        MpiLauncher.Find(Environment.GetEnvironmentVariable) is not null && Environment.GetEnvironmentVariable(MpiLibrary.FileVariable) != "off";

    /// <summary>The library of this machine; looked for at the first use.</summary>
    public static MpiLibrary Library => Found.Value;

    /// <summary>All processes that were started together. MPI is started at the first use, which all of them must come to, and ends with the process.</summary>
    /// <exception cref="MpiException">There is no library, it is not the one of the mpiexec that started this process, or this process was started
    /// alone.</exception>
    public static MpiCommunicator World => Started.Value;

    private static MpiCommunicator Start()
    {
        if (Library.Launcher is null)
        {
            throw new MpiException("This process was started alone, not by mpiexec. Start it as 'mpiexec -n 4 PROGRAM', where 4 is the number of processes, "
                + "or leave the communicator out.");
        }

        if (Library.Problem is { } problem)
            throw new MpiException(problem);

        var world = new MpiCommunicator(Library);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => world.End(Environment.ExitCode);
        return world;
    }
}
