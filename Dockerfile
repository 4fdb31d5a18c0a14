FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# First only what the restore depends on, so that a change of the code does not restore again.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/Directory.Build.props src/
COPY src/ChannelLayer/ChannelLayer.csproj src/ChannelLayer/
COPY src/Consumers/Consumers.csproj src/Consumers/
COPY src/OpenTelemetry/OpenTelemetry.csproj src/OpenTelemetry/
COPY src/Producers/Producers.csproj src/Producers/
COPY src/Web/Web.csproj src/Web/
RUN dotnet restore src/Web/Web.csproj

# .editorconfig too: the build checks the code style.
COPY . .
RUN dotnet publish src/Web/Web.csproj -c Release --no-restore -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .

# Not 80: a user other than root need not be allowed to open it.
ENV ASPNETCORE_HTTP_PORTS=8000
EXPOSE 8000
USER $APP_UID

# The image has no curl, so the program asks itself.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["dotnet", "ChannelsNet.Web.dll", "--healthcheck"]
ENTRYPOINT ["dotnet", "ChannelsNet.Web.dll"]
