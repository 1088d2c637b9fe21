using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using BlasNet.Cli.Commands;
using BlasNet.Datasets;
using BlasNet.Mpi;
using BlasNet.Ranks;

namespace BlasNet.Cli.CommandLine;

/// <summary>The <c>blasnet</c> command, with everything it reads and writes passed in.</summary>
internal static class CliApplication
{
    private const string Description = """
        BlasNet: write a network for one example, and train it through matrix-matrix products.

        Examples:
          blasnet demo                          what batching is worth, in half a minute
          blasnet train digits --epochs 10      a network that reads handwritten digits
          blasnet explain --model mlp           how products with vectors become products with matrices
          blasnet tour                          what a minibatch is, measured and drawn as a page
          blasnet doctor                        what BlasNet found on this machine
          blasnet train digits @options.txt     options from a file; # begins a comment
        """;

    /// <summary>BlasNet's version and, after a plus, the commit it was built from.</summary>
    public static string Version { get; } =
        typeof(CliApplication).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static readonly ParserConfiguration OwnResponseFiles = new() { ResponseFileTokenReplacer = null };

    /// <param name="args">Without the program's name; <c>@FILE</c> stands for the arguments in a file.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress, notices and errors.</param>
    /// <param name="cancellation">Asks the command to stop at the next clean place.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellation = default) =>
        Run(args, output, error, ranks: null, cancellation);

    /// <param name="args">Without the program's name; <c>@FILE</c> stands for the arguments in a file.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress, notices and errors.</param>
    /// <param name="ranks">The processes that mpiexec started together; null for this one alone.</param>
    /// <param name="cancellation">Asks the command to stop at the next clean place.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter error, Communicator? ranks, CancellationToken cancellation)
    {
        var context = new CommandContext(output, error, cancellation) { Ranks = ranks };
        Notices.Handler = notice => error.WriteLine($"Note: {notice}");
        try
        {
            ParseResult parsed = CreateRoot(context).Parse(args.Count == 0 ? ["--help"] : ResponseFile.Expand(args), OwnResponseFiles);
            if (UsageErrors.Describe(parsed) is { } wrong)
                return Fail(error, wrong, ExitCodes.Usage);

            return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (ResponseFileException e)
        {
            return Fail(error, e.Message, ExitCodes.Usage);
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.BrokenPipe;
        }
        catch (OperationCanceledException e)
        {
            error.WriteLine(e is InterruptedException ? e.Message : "Interrupted.");
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (e is CommandException or DataFormatException or DllNotFoundException or IOException or CommunicatorException or MpiException)
        {
            return Fail(error, e.Message, ExitCodes.Failure);
        }
        catch (OutOfMemoryException e)
        {
            return Fail(error, $"Memory does not suffice: {e.Message}", ExitCodes.Failure);
        }
        catch (Exception e)
        {
            // Caught, so that what is half-way is left in order: files that are not done, other ranks.
            error.WriteLine($"Error in BlasNet {Version}, which is not yours. Please report it, with the command line: {e}");
            return ExitCodes.Internal;
        }
    }

    /// <summary>Reads a command line without running it.</summary>
    /// <returns>What is wrong with it; null for nothing.</returns>
    public static string? Check(IReadOnlyList<string> args) =>
        UsageErrors.Describe(CreateRoot(new CommandContext(TextWriter.Null, TextWriter.Null, CancellationToken.None)).Parse(args, OwnResponseFiles));

    // Not a RootCommand: that would be called as the assembly is.
    internal static Command CreateRoot(CommandContext context)
    {
        var root = new Command("blasnet", Description)
        {
            HelpWriter.NewOption(context.Output),
            new VersionOption { Description = "Show the version.", Action = new VersionAction(context) },
            TrainCommand.Create(context),
            PredictCommand.Create(context),
            EvaluateCommand.Create(context),
            ServeCommand.Create(context),
            BenchCommand.Create(context),
            PlanCommand.Create(context),
            ExperimentCommand.Create(context),
            ExplainCommand.Create(context),
            DoctorCommand.Create(context),
            DemoCommand.Create(context),
            TourCommand.Create(context),
            EmbedCommand.Create(context),
            SearchCommand.Create(context),
            CompletionCommand.Create(context),
        };
        root.Add(CompletionCommand.CreateAsk(context, root));
        return root;
    }

    private sealed class VersionAction(CommandContext context) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            context.Output.WriteLine(Version);
            return ExitCodes.Success;
        }
    }

    // One line, whatever the message holds.
    private static int Fail(TextWriter error, string message, int exitCode)
    {
        error.WriteLine($"Error: {message.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
