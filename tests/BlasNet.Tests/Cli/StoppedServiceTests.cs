using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using BlasNet.Cli.CommandLine;
using BlasNet.Tests.Serving;

namespace BlasNet.Tests.Cli;

/// <summary><c>blasnet serve</c> under load, in a process of its own that is asked to end.</summary>
[Collection(CommandLineTests.Name)]
public sealed class StoppedServiceTests : IDisposable
{
    private const string Example = """{"words": ["a", "b", "c"]}""";
    private const int Clients = 16;

    private readonly TemporaryFolder _folder = new();
    private int _answered, _closed, _lost;

    /// <summary>How often to stop a service: once in every test run, more often when asked to.</summary>
    private static int Kills => int.Parse(Environment.GetEnvironmentVariable("BLASNET_KILLS") ?? "1", CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_service_that_is_terminated_under_load_answers_every_request_on_the_connections_it_has_accepted()
    {
        string saved = _folder.File("model.safetensors"), data = _folder.Write("train.txt", "a b c\nc b a\nd e f");
        CommandResult trained = CommandResult.Of("train", "lm", "--data", data, "--dev", data, "--epochs", "1", "--hidden", "6", "--save", saved);
        Assert.Equal("", trained.ExitCode == 0 ? "" : trained.Error);
        for (int kill = 0; kill < Kills; kill++)
        {
            (_answered, _closed, _lost) = (0, 0, 0);
            Assert.Equal(ExitCodes.Success, Terminate(saved));
            Assert.Equal((0, Clients), (_lost, _closed));
            Assert.True(_answered > 20 * Clients);
        }
    }

    private int Terminate(string model)
    {
        string command = Path.Combine(AppContext.BaseDirectory, "BlasNet.Cli.dll");
        using Process service = Process.Start(new ProcessStartInfo("dotnet", [command, "serve", model, "--port", "0"]) { RedirectStandardError = true })!;
        string line = service.StandardError.ReadLine()!;
        Task<string> rest = service.StandardError.ReadToEndAsync();
        var address = new Uri(line[(line.LastIndexOf(" at ", StringComparison.Ordinal) + 4)..line.IndexOf(": POST", StringComparison.Ordinal)]);
        using var connected = new CountdownEvent(Clients);
        OtherThread[] clients = [.. Enumerable.Range(0, Clients).Select(_ => OtherThread.Start(() => AskUntilRefused(address, connected)))];
        connected.Wait(TestContext.Current.CancellationToken);
        while (Volatile.Read(ref _answered) < 50 * Clients)
            Thread.Sleep(1);

        using (Process kill = Process.Start("kill", ["-TERM", $"{service.Id}"]))
            kill.WaitForExit();

        foreach (OtherThread client in clients)
            client.Join();

        service.WaitForExit();
        rest.GetAwaiter().GetResult();
        return service.ExitCode;
    }

    // Connects anew when it is told that its connection closes, as clients do.
    private void AskUntilRefused(Uri address, CountdownEvent connected)
    {
        bool isFirst = true;
        while (true)
        {
            try
            {
                using var connection = new HttpConnection(address, "/predict", Example);
                if (isFirst)
                    connected.Signal();

                isFirst = false;
                bool closes = false;
                while (!closes)
                {
                    (_, closes) = connection.Ask();
                    Interlocked.Increment(ref _answered);
                }

                Interlocked.Increment(ref _closed);
            }
            catch (SocketException)
            {
                return;   // refused
            }
            catch (IOException)
            {
                Interlocked.Increment(ref _lost);
            }
        }
    }
}
