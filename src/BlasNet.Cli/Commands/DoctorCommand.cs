using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Diagnosis;
using BlasNet.Cli.Output;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet doctor</c>.</summary>
internal static class DoctorCommand
{
    private const string Description = """
        Show what BlasNet found on this machine: processor, OpenBLAS, the variables that influence it, and how fast products are.

        Examples:
          blasnet doctor
          blasnet doctor --threads 2 --json
        """;

    public static Command Create(CommandContext context)
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object on one line." };
        Option<int> threads = CliOptions.Threads();
        var doctor = new Command("doctor", Description) { threads, json };
        doctor.SetAction(options =>
        {
            Report report = Examination.Run(CliApplication.Version, options.GetValue(threads));
            if (options.GetValue(json))
                context.WriteJson(report, JsonLines.Default.Report);
            else
                ReportPrinter.Print(report, context.Output);
        });
        return doctor;
    }
}
