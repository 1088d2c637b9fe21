using System.Text.RegularExpressions;
using BlasNet.Kernels;

namespace BlasNet.Tests.Oracle;

/// <summary>What is wrong with a program.</summary>
/// <param name="Act">Where it showed.</param>
/// <param name="Text">The difference, or the exception.</param>
/// <param name="Kind">The same for failures of the same kind: without the numbers.</param>
internal sealed record ProgramFailure(Act Act, string Text, string Kind);

/// <summary>Runs programs and says what is wrong.</summary>
internal static partial class ProgramCheck
{
    /// <summary>Runs the program of a seed; fails with the smallest program that shows the same.</summary>
    /// <returns>A report; null if all is as defined.</returns>
    public static string? Report(int seed, Tally tally)
    {
        RandomProgram program;
        try
        {
            program = RandomProgram.Create(seed);
        }
        catch (Exception e)
        {
            return $"BLASNET_RANDOM_SEED={seed} cannot be written: {e}";   // hours of other programs still count
        }

        if (Failure(program, tally) is not { } found)
            return null;

        var (smallest, failure) = new Shrinker(smaller => Failure(smaller, new Tally())).Shrink(program, found);
        return $"BLASNET_RANDOM_SEED={seed} shows it: {failure.Act}: {failure.Text}\n{smallest}";
    }

    /// <returns>What is wrong first; null if all is as defined.</returns>
    public static ProgramFailure? Failure(RandomProgram program, Tally tally)
    {
        tally.Programs++;
        using ComputeSettings.Scope settings = program.Settings.Use();
        using var run = new ProgramRun(program, tally);
        foreach (Act act in program.Acts)
        {
            tally.Acts++;
            try
            {
                act.Check(run);
            }
            catch (Exception e)
            {
                return new ProgramFailure(act, e is DifferenceException ? e.Message : Text(e), KindOf(act, e));
            }
        }

        return null;
    }

    // Of the stack only what is BlasNet's.
    private static string Text(Exception e) => string.Join('\n', e.ToString().Split('\n').Where(IsBlasNet));

    private static bool IsBlasNet(string line) => !line.Contains("Tests.Oracle", StringComparison.Ordinal);

    private static string KindOf(Act act, Exception e)
    {
        string? frame = e is DifferenceException ? null : e.StackTrace?.Split('\n').FirstOrDefault(IsBlasNet);
        string? place = frame?.Trim().Split('(')[0];
        return $"{act.GetType().Name} {e.GetType().Name} {Details().Replace(e.Message.Split(':', '[', '\n')[0], "#")} {place}";
    }

    // Numbers, and operators' names.
    [GeneratedRegex(@"-?\d+(\.\d+)?(E[+-]?\d+)?|\(.*?\)")]
    private static partial Regex Details();
}
