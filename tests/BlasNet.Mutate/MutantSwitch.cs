using static System.Environment;
using static System.Globalization.CultureInfo;

namespace BlasNet;

/// <summary>Says which mutant of the library is active: the one that the environment names, or none.</summary>
internal static class MutantSwitch
{
    // Read once, so that compiled code of the second tier contains no test of it.
    private static readonly int Active = int.Parse(GetEnvironmentVariable("BLASNET_MUTANT") ?? "-1", InvariantCulture);
    private static readonly bool[]? Reached = Record(GetEnvironmentVariable("BLASNET_MUTANTS_REACHED"));

    public static bool Is(int mutant)
    {
        if (Reached is not null)
            Reached[mutant] = true;

        return Active == mutant;
    }

    /// <summary>Writes the mutants whose place was executed, one a line, when the process ends; to a file of its own, since tests start programs.</summary>
    private static bool[]? Record(string? file)
    {
        if (file is null)
            return null;

        var reached = new bool[1 << 17];
        System.AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            System.IO.File.WriteAllLines($"{file}.{ProcessId}", System.Linq.Enumerable.Range(0, reached.Length)
                .Where(mutant => reached[mutant]).Select(mutant => mutant.ToString(InvariantCulture)));
        return reached;
    }
}
