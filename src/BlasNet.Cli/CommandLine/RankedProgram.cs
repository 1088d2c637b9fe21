using BlasNet.Mpi;

namespace BlasNet.Cli.CommandLine;

/// <summary>The command as one of several processes that mpiexec started: rank 0 prints, and an error anywhere ends all.</summary>
internal static class RankedProgram
{
    // Where all fail alike they leave together; whoever fails alone waits for the others in vain.
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(2);

    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter error, Interruption interruption)
    {
        MpiCommunicator ranks;
        try
        {
            ranks = BlasNet.Mpi.Mpi.World;
        }
        catch (MpiException e)
        {
            error.WriteLine($"Error: {e.Message}");
            return ExitCodes.Failure;
        }

        bool prints = ranks.Rank == 0;
        using var silent = new StringWriter();
        int exitCode = CliApplication.Run(args, prints ? output : TextWriter.Null, prints ? error : silent, ranks, interruption.Token);
        output.Flush();
        if (exitCode == ExitCodes.Success)
        {
            ranks.Dispose();   // waits for ranks that are still busy; mpiexec ends this one if they die
            return exitCode;
        }

        if (ranks.TryLeave(LongestFarewell))
            return exitCode;

        string where = ranks.NameOf(ranks.Rank);
        error.WriteLine($"{char.ToUpperInvariant(where[0])}{where[1..]} ends all: {(prints ? "its error is above." : silent.ToString().Trim())}");
        return exitCode;   // a process that ends without having left takes the others with it
    }
}
